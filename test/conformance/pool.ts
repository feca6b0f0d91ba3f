// What every pool does, whatever its workers are: called once per backend with a function that makes such a pool.
// Deaths of workers, processors and descriptors are a matter of processes: test/pool/.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pool, PoolOptions } from '../../lib/index.js';
import { failures, RegisteredError } from '../fixtures/pool/errors.mjs';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { drained, rejection } from './caught.js';
import { mark } from './marks.js';

export function poolConformance(backend: string, make: (options: number | PoolOptions) => Pool): void {
  describe(`a pool of ${backend}`, () => {
    let pool: Pool;
    beforeAll(() => {
      pool = make(2);
    });
    afterAll(async () => {
      pool.terminate();
      await pool.join();
    });
    callsConform(() => pool);
    streamsConform(() => pool);
    errorsConform(() => pool);
    endsConform(make);
  });
}

function callsConform(pool: () => Pool): void {
  const numbers = Array.from({ length: 97 }, (_, n) => n);
  const squares = numbers.map((n) => n * n);

  describe('apply', () => {
    test('gives the result of the call with all its arguments', async () => {
      expect(await pool().apply(tasks.add, [20, 22])).toBe(42);
      expect(await pool().apply(tasks.all, [1, undefined, null, 'x', [2]])).toEqual([
        1,
        undefined,
        null,
        'x',
        [2],
      ]);
      expect(await pool().apply(tasks.nothing)).toBeUndefined();
      expect(await pool().apply(tasks.later, ['late', 3])).toBe('late');
    });

    test('values arrive as structuredClone would have them', async () => {
      const value = {
        numbers: [-0, 0.1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 31)],
        bigints: [0n, -1n, 2n ** 200n],
        texts: ['', 'ascii', 'Grüße', '\u{1f600}', '\ud800 alone', 'x'.repeat(70_000)],
        sparse: withHole(),
        none: [undefined, null, true, false],
        date: new Date(1e12),
        pattern: /a(b)/giu,
        map: new Map<unknown, unknown>([[{ k: 1 }, new Set([1, 'two'])]]),
        bytes: new Uint8Array([1, 2, 3]),
        error: new RangeError('as a value'),
        nested: { deep: { deeper: [[[{}]]] } },
      };
      const back = (await pool().apply(tasks.echo, [value])) as typeof value;
      expect(back).toEqual(structuredClone(value));
      expect(Object.is(back.numbers[0], -0)).toBe(true);
      expect(1 in back.sparse).toBe(false);
      expect(back.error).toBeInstanceOf(RangeError);
    });

    test('a value that contains itself, and one object twice', async () => {
      const shared = { name: 'shared' };
      const value: { self?: unknown; a: object; b: object } = { a: shared, b: shared };
      value.self = value;
      const back = (await pool().apply(tasks.echo, [value])) as typeof value;
      expect(back.self).toBe(back);
      expect(back.a).toBe(back.b);
    });

    test('keys such as __proto__ are data', async () => {
      const value = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
      const back = (await pool().apply(tasks.echo, [value])) as object;
      expect(Object.getOwnPropertyNames(back).sort()).toEqual(['__proto__', 'constructor']);
      expect((back as { polluted?: unknown }).polluted).toBeUndefined();
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    });

    test('encodes at the call: what is changed later does not arrive changed', async () => {
      const list = [1, 2, 3];
      const pending = pool().apply(tasks.echo, [list]);
      list.push(4);
      expect(await pending).toEqual([1, 2, 3]);
    });

    test('a thousand at once, each its own result', async () => {
      const results = Array.from({ length: 1000 }, (_, n) => pool().apply(tasks.add, [n, 0.5]));
      expect(await Promise.all(results)).toEqual(results.map((_, n) => n + 0.5));
    });

    test('tasks are run by the module that defines them, once imported', async () => {
      const target = { module: new URL('../fixtures/pool/exports.mjs', import.meta.url), name: 'triple' };
      expect(await pool().apply(target, [5])).toBe(15);
      expect(await pool().apply({ module: target.module }, [5])).toBe(10);
      expect(await pool().apply({ module: target.module.href, name: 'triple' }, [2])).toBe(6);
      expect(await pool().apply({ module: target.module.pathname, name: 'triple' }, [3])).toBe(9);
    });
  });

  describe('map and starmap', () => {
    test.each([undefined, 1, 2, 7, 96, 97, 98, 10_000])(
      'keep the order with chunkSize %s',
      async (chunkSize) => {
        expect(await pool().map(tasks.square, numbers, { chunkSize })).toEqual(squares);
        const pairs = numbers.map((n) => [n, 1] as [number, number]);
        expect(await pool().starmap(tasks.add, pairs, { chunkSize })).toEqual(numbers.map((n) => n + 1));
      },
    );

    test('keep the order though the first take longest', async () => {
      const pairs = Array.from({ length: 8 }, (_, n) => [n, 16 - 2 * n] as [number, number]);
      expect(await pool().starmap(tasks.later, pairs, { chunkSize: 1 })).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });

    test('an empty input, with and without chunkSize', async () => {
      for (const empty of [[], new Set<number>(), (function* () {})(), (async function* () {})()]) {
        expect(await pool().map(tasks.square, empty as number[])).toEqual([]);
      }
      expect(await pool().map(tasks.square, [], { chunkSize: 5 })).toEqual([]);
      expect(await pool().starmap(tasks.add, [], { chunkSize: 5 })).toEqual([]);
    });

    test('any iterable: a generator, an async generator, a Set, a Map, a typed array, a string', async () => {
      expect(await pool().map(tasks.square, generate(5))).toEqual([0, 1, 4, 9, 16]);
      expect(await pool().map(tasks.square, generateLater(5))).toEqual([0, 1, 4, 9, 16]);
      expect(await pool().map(tasks.square, new Set([3, 4]))).toEqual([9, 16]);
      expect(await pool().map(tasks.echo, new Map([['a', 1]]))).toEqual([['a', 1]]);
      expect(await pool().map(tasks.square, new Int8Array([-1, 2]))).toEqual([1, 4]);
      expect(await pool().map(tasks.echo, 'ab\u{1f600}')).toEqual(['a', 'b', '\u{1f600}']);
      expect(await pool().starmap(tasks.add, new Map([[1, 2]]))).toEqual([3]);
    });

    test('give an array with holes as undefined, and undefined results as such', async () => {
      expect(await pool().map(tasks.echo, withHole())).toEqual([1, undefined, 3]);
      expect(await pool().map(tasks.nothing as never, [1, 2])).toEqual([undefined, undefined]);
    });

    test('the task gets the item and nothing else', async () => {
      expect(await pool().map(tasks.all as never, ['x', 'y'])).toEqual([['x'], ['y']]);
      expect(await pool().starmap(tasks.all, [[], [1], [1, 2]])).toEqual([[], [1], [1, 2]]);
    });

    test('read the input as it is at the call', async () => {
      const list = [1, 2, 3];
      const pending = pool().map(tasks.square, list);
      list.length = 0;
      expect(await pending).toEqual([1, 4, 9]);
    });

    test('a failed item rejects with its error; the other chunks are run, as in Python', async () => {
      const error = await rejection(pool().map(failures.failOn, [0, 1, 2, 3, 4, 5], { chunkSize: 2 }));
      expect(error).toBeInstanceOf(Error);
      expect(error.message).toBe('item 3');
    });

    test('of two failed items the first in the input is the error', async () => {
      for (let n = 0; n < 10; n++) {
        const error = await rejection(pool().map(failures.failOn, [0, 3, 8, 13], { chunkSize: 1 }));
        expect(error.message).toBe('item 3');
      }
    });

    test('100,000 numbers', async () => {
      const many = Array.from({ length: 100_000 }, (_, n) => n);
      const results = await pool().map(tasks.square, many);
      expect(results).toHaveLength(many.length);
      expect(results.every((value, n) => value === n * n)).toBe(true);
    });

    test('several at once do not mix', async () => {
      const maps = Array.from({ length: 10 }, (_, k) =>
        pool().map(tasks.echo, [`${k}a`, `${k}b`, `${k}c`], { chunkSize: 1 }),
      );
      expect(await Promise.all(maps)).toEqual(maps.map((_, k) => [`${k}a`, `${k}b`, `${k}c`]));
    });
  });
}

function streamsConform(pool: () => Pool): void {
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
      for (const source of [input(), inputLater()]) {
        for await (const square of pool().imap(tasks.square, source)) if (square === 9) break;
      }
      expect(closed).toBe(2);
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

function errorsConform(pool: () => Pool): void {
  describe('an error of a task', () => {
    test('is of the same class, with message, code, own properties, cause and the remote stack', async () => {
      const error = await rejection(pool().apply(failures.typed));
      expect(error.constructor).toBe(TypeError);
      expect(error).toMatchObject({
        name: 'TypeError',
        message: 'no such thing',
        code: 'ENOTHING',
        place: { line: 7, tags: ['a', 'b'] },
      });
      expect(error.cause).toBeInstanceOf(RangeError);
      expect((error.cause as Error).message).toBe('the cause');
      expect(error.stack).toMatch(/errors\.mjs:\d+/);
      expect((error.cause as Error).stack).toMatch(/errors\.mjs:\d+/);
    });

    test('thrown by the language, by Node, by the web platform, by this package', async () => {
      const range = await rejection(pool().apply(failures.range));
      expect(range).toBeInstanceOf(RangeError);
      const system = await rejection(pool().apply(failures.system));
      expect(system).toMatchObject({ code: 'ENOENT', syscall: 'open', path: '/does/not/exist', errno: -2 });
      expect(system).toBeInstanceOf(Error);
      const abort = await rejection(pool().apply(failures.abort));
      expect(abort).toMatchObject({ name: 'AbortError', message: 'stopped' });
      expect(abort).toBeInstanceOf(DOMException);
      const own = await rejection(pool().apply(failures.forkyard));
      expect(own).toMatchObject({
        name: 'WorkerLostError',
        code: 'ERR_FORKYARD_WORKER_LOST',
        message: 'made by hand',
        pid: 5,
        exitCode: -9,
        signal: 'SIGKILL',
        task: 'x',
      });
    });

    test('AggregateError with its errors', async () => {
      const error = (await rejection(pool().apply(failures.aggregate))) as unknown as AggregateError;
      expect(error).toBeInstanceOf(AggregateError);
      expect(error.message).toBe('all failed');
      expect(error.errors).toHaveLength(3);
      expect(error.errors[0]).toBeInstanceOf(TypeError);
      expect(error.errors[1]).toBeInstanceOf(RangeError);
      expect(error.errors[2]).toBe('third');
    });

    test('of a registered class arrives as that class', async () => {
      const error = await rejection(pool().apply(failures.registered));
      expect(error).toBeInstanceOf(RegisteredError);
      expect((error as unknown as RegisteredError).describe()).toBe('too much (limit 12)');
    });

    test.each([['text'], [0], [null], [undefined], [false], [{ code: 1 }], [[1, 2]], [10n]])(
      'what is thrown need not be an error: %o',
      async (value) => {
        let thrownValue: unknown = 'nothing was thrown';
        await pool()
          .apply(failures.value, [value])
          .catch((error: unknown) => {
            thrownValue = error;
          });
        expect(thrownValue).toEqual(value);
      },
    );

    test('whose cause is itself', async () => {
      const error = await rejection(pool().apply(failures.cyclicCause));
      expect(error.cause).toBe(error);
    });

    test('of several MB, twice at once', async () => {
      const errors = await Promise.all([
        rejection(pool().apply(failures.large)),
        rejection(pool().apply(failures.large)),
      ]);
      for (const error of errors) {
        expect(error.message).toHaveLength(3_000_000);
        expect(error['more']).toHaveLength(2_000_000);
      }
    });

    test('does not come with the local properties that a user can see on others', async () => {
      const error = await rejection(pool().apply(failures.plain));
      expect(Object.keys(error)).toEqual([]);
      expect(error.constructor).toBe(Error);
    });
  });
}

function endsConform(make: (options: number | PoolOptions) => Pool): void {
  describe('the end', () => {
    test('close: what was given is done, then the workers end', async () => {
      const pool = make(2);
      const pending = [
        pool.map(tasks.square, [1, 2, 3], { chunkSize: 1 }),
        pool.starmap(tasks.add, [[1, 2]]),
        pool.apply(tasks.later, ['x', 20]),
        pool.map(tasks.square, generateLater(5)),
      ];
      const stream = drained(pool.imap(tasks.square, generate(30)));
      pool.close();
      pool.close();
      expect(pool.stats().state).toBe('closing');
      await pool.join();
      expect(await Promise.all(pending)).toEqual([[1, 4, 9], [3], 'x', [0, 1, 4, 9, 16]]);
      expect((await stream).values).toEqual(Array.from({ length: 30 }, (_, n) => n * n));
      await pool.join();
    });

    test('terminate: everything pending rejects, and join resolves', async () => {
      const pool = make(2);
      const mine = mark();
      const pending = [
        pool.apply(tasks.spin, [mine.path]),
        pool.apply(tasks.hang, [mine.path]),
        ...Array.from({ length: 200 }, (_, n) => pool.apply(tasks.square, [n])),
        pool.map(tasks.square, [1, 2, 3]),
        pool.imap(tasks.square, [1, 2, 3]).next(),
        pool.imapUnordered(tasks.square, generate(1000)).next(),
        pool.imap(tasks.square, neverReady()).next(),
      ];
      const settled = Promise.allSettled(pending);
      await mine.reached(2);
      pool.terminate();
      pool.terminate();
      await pool.join();
      for (const outcome of await settled) {
        expect(outcome).toMatchObject({
          status: 'rejected',
          reason: { name: 'BrokenPoolError', code: 'ERR_FORKYARD_POOL_TERMINATED' },
        });
      }
      expect(pool.stats()).toMatchObject({ state: 'terminated', unsettled: 0 });
    });

    test('terminate: a map whose input never comes rejects too', async () => {
      const pool = make(1);
      const pending = [
        rejection(pool.map(tasks.square, neverReady())),
        rejection(pool.starmap(tasks.add, neverReady())),
      ];
      await pool.apply(tasks.square, [1]);
      pool.terminate();
      await pool.join();
      for (const promise of pending)
        expect(await promise).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
    });

    test('terminate right after the start, and in the midst of the start', async () => {
      const pool = make(2);
      const pending = rejection(pool.apply(tasks.square, [2]));
      pool.terminate();
      expect(await pending).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
      await pool.join();
    });

    test('terminate after close', async () => {
      const pool = make(1);
      const mine = mark();
      const pending = rejection(pool.apply(tasks.spin, [mine.path]));
      pool.close();
      await mine.reached();
      pool.terminate();
      await pool.join();
      expect(await pending).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
    });

    test('terminate called by what is told of a result', async () => {
      const pool = make(1);
      const pending: Promise<unknown>[] = [];
      const first = pool.apply(tasks.square, [2]).then(() => {
        pending.push(rejection(pool.apply(tasks.square, [3])));
        pool.terminate();
        pending.push(rejection(pool.apply(tasks.square, [4])));
      });
      pending.push(rejection(pool.apply(tasks.hang, [mark().path])));
      await first;
      await pool.join();
      expect(await Promise.all(pending)).toMatchObject([
        { code: 'ERR_FORKYARD_POOL_TERMINATED' },
        { code: 'ERR_FORKYARD_POOL_TERMINATED' },
        { code: 'ERR_FORKYARD_POOL_CLOSED' },
      ]);
    });

    test('disposal terminates and joins', async () => {
      let pending: Promise<unknown>;
      {
        await using pool = make(1);
        expect(await pool.apply(tasks.square, [6])).toBe(36);
        pending = rejection(pool.apply(tasks.later, [1, 60_000]));
      }
      expect(await pending).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
    });
  });
}

/** `[1, , 3]`, which linters take for a slip of the pen. */
function withHole(): number[] {
  const list = [1, 2, 3];
  delete list[1];
  return list;
}

function* generate(count: number): Generator<number> {
  for (let n = 0; n < count; n++) yield n;
}

async function* generateLater(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    yield n;
  }
}

function neverReady(): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
}
