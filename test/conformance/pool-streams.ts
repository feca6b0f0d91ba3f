// What imap and imapUnordered of every pool do: order, bounds, early ends. Called by pool.ts.
import { describe, expect, test } from 'vitest';
import type { Pool } from '../../lib/index.js';
import { failures } from '../fixtures/pool/errors.mjs';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { until } from '../helpers/until.js';
import { drained } from './caught.js';
import { generate, generateLater } from './inputs.js';
import { mark } from './marks.js';

export function streamsConform(pool: () => Pool): void {
  describe('imap', () => {
    test.each([1, 2, 100])('gives the results in order, chunkSize %d', async (chunkSize) => {
      const { values } = await drained(pool().imap(tasks.square, generate(50), { chunkSize }));
      expect(values).toEqual(Array.from({ length: 50 }, (_, n) => n * n));
    });

    test('gives them in order though the first takes longest', async () => {
      const waits = [30, 1, 1, 20, 1];
      const { values } = await drained(pool().imap(tasks.burnOf, waits));
      expect(values).toEqual(waits);
    });

    test('an empty input ends at once', async () => {
      expect(await drained(pool().imap(tasks.square, []))).toMatchObject({ values: [], failed: false });
      expect(await drained(pool().imapUnordered(tasks.square, generateLater(0)))).toMatchObject({
        values: [],
      });
    });

    test('next() after the end is done, again and again', async () => {
      const results = pool().imap(tasks.square, [2]);
      expect(await results.next()).toEqual({ value: 4, done: false });
      expect(await results.next()).toEqual({ value: undefined, done: true });
      expect(await results.next()).toEqual({ value: undefined, done: true });
    });

    test('several next() at once are answered in order', async () => {
      const results = pool().imap(tasks.square, generate(4));
      const answers = await Promise.all(Array.from({ length: 6 }, () => results.next()));
      expect(answers.map(({ value, done }) => [value, done])).toEqual([
        [0, false],
        [1, false],
        [4, false],
        [9, false],
        [undefined, true],
        [undefined, true],
      ]);
    });

    test('is its own iterable', () => {
      const results = pool().imap(tasks.square, [1]);
      expect(results[Symbol.asyncIterator]()).toBe(results);
      return results.return?.();
    });

    test('the error of an item comes in its place, after the results before it', async () => {
      const { values, error } = await drained(pool().imap(failures.failOn, [0, 1, 2, 3, 4]));
      expect(values).toEqual([0, 1, 2]);
      expect((error as Error).message).toBe('item 3');
    });

    test('an endless input is read only as far as results are taken', async () => {
      let read = 0;
      function* endless() {
        for (;;) yield read++;
      }
      const results = pool().imap(tasks.square, endless(), { bufferSize: 3 });
      for (let n = 0; n < 20; n++) expect((await results.next()).value).toBe(n * n);
      // Time for it to read on, if it would: whole rounds through the workers.
      for (let n = 0; n < 20; n++) await pool().apply(tasks.square, [n]);
      expect(read).toBeGreaterThanOrEqual(20);
      expect(read).toBeLessThanOrEqual(20 + 3 + 1);
      await results.return?.();
      const after = read;
      for (let n = 0; n < 5; n++) await pool().apply(tasks.square, [n]);
      expect(read).toBe(after);
    });

    test('is bounded by default as well', async () => {
      let read = 0;
      function* endless() {
        for (;;) yield read++;
      }
      for (const results of [
        pool().imap(tasks.square, endless()),
        pool().imapUnordered(tasks.square, endless()),
      ]) {
        read = 0;
        await results.next();
        for (let n = 0; n < 20; n++) await pool().apply(tasks.square, [n]);
        expect(read).toBeLessThanOrEqual(1 + 2 * 2 + 1);
        await results.return?.();
      }
    });

    test('an asynchronous input that is slow is never read twice at the same time', async () => {
      let reading = 0;
      let most = 0;
      let next = 0;
      const slow = {
        [Symbol.asyncIterator]: () => ({
          async next() {
            most = Math.max(most, ++reading);
            await new Promise((resolve) => setImmediate(resolve));
            reading--;
            return next < 30 ? { value: next++, done: false } : { value: undefined, done: true };
          },
        }),
      };
      const { values } = await drained(pool().imap(tasks.square, slow as AsyncIterable<number>));
      expect(values).toEqual(Array.from({ length: 30 }, (_, n) => n * n));
      expect(most).toBe(1);
    });

    test('leaving the loop early closes the input', async () => {
      let closed = 0;
      function* input() {
        try {
          for (let n = 0; ; n++) yield n;
        } finally {
          closed++;
        }
      }
      async function* inputLater() {
        try {
          for (let n = 0; ; n++) yield n;
        } finally {
          closed++;
        }
      }
      for await (const square of pool().imap(tasks.square, input())) if (square === 9) break;
      expect(closed).toBe(1);
      for await (const square of pool().imap(tasks.square, inputLater())) if (square === 9) break;
      // One that was asked for an item just then closes when it has given it: its own rule, not ours.
      await until(() => closed === 2);
      await expect(
        (async () => {
          for await (const _ of pool().imapUnordered(tasks.square, input()))
            throw new Error('the reader failed');
        })(),
      ).rejects.toThrow('the reader failed');
      expect(closed).toBe(3);
      expect(await pool().apply(tasks.square, [7])).toBe(49);
    });

    test('after return() next() is done', async () => {
      const results = pool().imap(tasks.square, generate(100));
      await results.next();
      expect(await results.return?.('x' as never)).toMatchObject({ done: true });
      expect(await results.next()).toEqual({ value: undefined, done: true });
    });
  });

  describe('imapUnordered', () => {
    test.each([1, 3, 100])('gives all results once, chunkSize %d', async (chunkSize) => {
      const { values } = await drained(pool().imapUnordered(tasks.square, generateLater(50), { chunkSize }));
      expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n * n));
    });

    test('does not wait for a slow one before it', async () => {
      const [startedMark, gate] = [mark(), mark()];
      const calls: unknown[] = [[startedMark.path, gate.path, 'slow']];
      for (let n = 0; n < 6; n++) calls.push(n);
      const results = pool().imapUnordered(tasks.slowIfArray, calls);
      const first = [];
      for (let n = 0; n < 3; n++) first.push((await results.next()).value);
      expect(first).not.toContain('slow');
      await startedMark.reached();
      gate.open();
      const { values } = await drained(results);
      expect([...first, ...values].sort()).toEqual([0, 1, 2, 3, 4, 5, 'slow']);
    });

    test('an error comes once; what came before it are valid results', async () => {
      const { values, error } = await drained(pool().imapUnordered(failures.failOn, [0, 1, 2, 3, 4]));
      expect((error as Error).message).toBe('item 3');
      for (const value of values) expect([0, 1, 2, 4]).toContain(value);
      expect(new Set(values).size).toBe(values.length);
    });
  });
}
