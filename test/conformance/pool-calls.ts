// What apply, map and starmap of every pool do, whatever its workers are. Called by pool.ts.
import { describe, expect, test } from 'vitest';
import type { Pool } from '../../lib/index.js';
import { failures } from '../fixtures/pool/errors.mjs';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { rejection } from './caught.js';
import { generate, generateLater, withHole } from './inputs.js';

export function callsConform(pool: () => Pool): void {
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
