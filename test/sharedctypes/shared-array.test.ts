// SharedArray: one memory for all processes, the rules of typed arrays, and nothing left when nobody refers to it.
import { constants } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryUse, Pool, Process, SharedArray, type TypeCode } from '../../lib/index.js';
import { rejection, thrown } from '../conformance/caught.js';
import { collectGarbage } from '../conformance/garbage.js';
import { arrays } from '../fixtures/sharedctypes/arrays.mjs';
import { until } from '../helpers/until.js';

let pool: Pool;
beforeAll(() => {
  pool = new Pool(2);
});
afterAll(() => pool[Symbol.asyncDispose]());

const kinds: readonly [TypeCode, unknown, number][] = [
  ['b', Int8Array, 1],
  ['B', Uint8Array, 1],
  ['h', Int16Array, 2],
  ['H', Uint16Array, 2],
  ['i', Int32Array, 4],
  ['I', Uint32Array, 4],
  ['l', BigInt64Array, 8],
  ['L', BigUint64Array, 8],
  ['q', BigInt64Array, 8],
  ['Q', BigUint64Array, 8],
  ['f', Float32Array, 4],
  ['d', Float64Array, 8],
  ['uint16', Uint16Array, 2],
  ['float64', Float64Array, 8],
];

describe('a shared array', () => {
  test.each(kinds)('of type %s is a typed array of zeros', (type, Kind, size) => {
    const array = new SharedArray(type, 10);
    expect(array).toBeInstanceOf(Kind);
    expect(array).toBeInstanceOf(SharedArray);
    expect(array.length).toBe(10);
    expect(array.byteLength).toBe(10 * size);
    expect([...array].every((value) => Number(value) === 0)).toBe(true);
  });

  test('is made of zeros where memory is used again', () => {
    for (let round = 0; round < 50; round++) {
      const array = new SharedArray('i', 5000);
      expect(array.every((value) => value === 0)).toBe(true);
      array.fill(-1);
    }
  });

  test('is written by a worker and read here, and the reverse, without being sent again', async () => {
    const array = new SharedArray('d', 100_000);
    await pool.apply(arrays.set, [array, 99_999, 1.5]);
    expect(array[99_999]).toBe(1.5);
    await pool.map(arrays.keep, [array, array, array, array], { chunkSize: 1 });
    array[0] = 42;
    for (const value of await pool.apply(arrays.readKept)) expect(value).toBe(42);
  });

  test('takes atomic additions of several processes at once, and loses none', async () => {
    const array = new SharedArray('i', 1);
    await Promise.all([1, 2, 3, 4].map(() => pool.apply(arrays.addAtomically, [array, 50_000])));
    expect(array[0]).toBe(200_000);
  });

  test('travels nested, and back as the same memory', async () => {
    const array = new SharedArray('uint32', [5, 6]);
    const result = await pool.apply(arrays.nest, [{ deep: [{ array }] }]);
    expect(result).toMatchObject({ kind: 'SharedArray', isShared: true });
    expect(array[0]).toBe(6);
    expect(result.again.buffer).toBe(array.buffer);
    expect(await pool.apply(arrays.areSame, [array, array])).toBe(true);
    expect(await pool.apply(arrays.areSame, [array, new SharedArray('uint32', 2)])).toBe(false);
  });

  test('is made by a worker and outlives it', async () => {
    const array = await pool.apply(arrays.make, ['q', [1n, 2n, 3n]]);
    expect(array).toBeInstanceOf(BigInt64Array);
    await pool.apply(arrays.dieHolding, [array]).catch(() => {});
    expect([...array]).toEqual([1n, 2n, 3n]);
    const held = new SharedArray('d', 4);
    expect((await rejection(pool.apply(arrays.dieHolding, [held]))).name).toBe('WorkerLostError');
    expect(held[1]).toBe(7);
    expect(await pool.apply(arrays.sum, [held])).toBe(7);
  });

  test('goes to a Process', async () => {
    const array = new SharedArray('i', 3);
    const child = new Process({ target: arrays.set, args: [array, 2, 9] });
    child.start();
    await child.join();
    expect([...array]).toEqual([0, 0, 9]);
  });

  test('gives private copies where typed arrays make new ones', async () => {
    const array = new SharedArray('f', [1, 2, 3]);
    for (const copy of [array.map((x) => x), array.filter(() => true), array.slice()]) {
      expect(Object.getPrototypeOf(copy)).toBe(Float32Array.prototype);
      copy[0] = 99;
    }
    expect(array[0]).toBe(1);
    // A view is sent as every view is: as a copy of what it shows.
    await pool.apply(arrays.set, [array.subarray(1), 0, 99]);
    expect(array[1]).toBe(2);
    const imitation = new (array.constructor as new (length: number) => Float32Array)(2);
    await pool.apply(arrays.set, [imitation, 0, 5]);
    expect(imitation[0]).toBe(0);
  });

  test('may show a part of another: that part arrives', async () => {
    const whole = new SharedArray('i', [1, 2, 3, 4]);
    const Part = whole.constructor as new (
      buffer: ArrayBufferLike,
      offset: number,
      length: number,
    ) => Int32Array;
    const part = new Part(whole.buffer, 8, 2);
    await pool.apply(arrays.set, [part, 0, 30]);
    expect([...whole]).toEqual([1, 2, 30, 4]);
  });

  test('checks its bounds in at and put, and not where typed arrays do not', () => {
    const array = new SharedArray('i', [1, 2, 3]);
    array.put(0, 10);
    array.put(-1, 30);
    expect([array.at(0), array.at(-1), array[7]]).toEqual([10, 30, undefined]);
    for (const index of [3, -4, 1.5, Number.NaN]) {
      expect(thrown(() => array.at(index))).toMatchObject({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
      expect(thrown(() => array.put(index, 1))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
    expect(thrown(() => array.at('0' as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('is given back when nobody refers to it any more', async () => {
    await collectGarbage();
    const before = memoryUse().bytesInUse;
    await useManyArrays();
    await until(async () => {
      await collectGarbage();
      return memoryUse().bytesInUse <= before + 4 * 2 ** 20;
    });
  });
});

// Workers that are idle collect no garbage: what they had goes with them.
async function useManyArrays(): Promise<void> {
  await using own = new Pool(2);
  for (let round = 0; round < 60; round++) {
    const array = new SharedArray('d', 2 ** 17);
    await own.apply(arrays.set, [array, 0, round]);
  }
}

const tooLong = ['ERR_FORKYARD_BUFFER_TOO_LONG', '8796093022208'] as const;
const tooLarge = ['ERR_FORKYARD_ARENA_EXHAUSTED', 'arena'] as const;

test.each([
  ['flaot64', 1, 'ERR_INVALID_ARG_TYPE', 'float64'],
  ['x', 1, 'ERR_INVALID_ARG_TYPE', 'one of b, B'],
  [5, 1, 'ERR_INVALID_ARG_TYPE', 'type'],
  ['d', 0, 'ERR_OUT_OF_RANGE', 'length'],
  ['d', -1, 'ERR_OUT_OF_RANGE', 'length'],
  ['d', 1.5, 'ERR_OUT_OF_RANGE', 'length'],
  ['d', [], 'ERR_OUT_OF_RANGE', 'length'],
  ['d', null, 'ERR_INVALID_ARG_TYPE', 'lengthOrValues'],
  ['d', {}, 'ERR_INVALID_ARG_TYPE', 'lengthOrValues'],
  // 8 TiB: more than one buffer of Node 20 can have, and more than an arena.
  ['d', 2 ** 40, ...(constants.MAX_LENGTH < 2 ** 43 ? tooLong : tooLarge)],
])('new SharedArray(%o, %o) is refused', (type, values, code, says) => {
  const error = thrown(() => new SharedArray(type as never, values as never));
  expect(error).toMatchObject({ code });
  expect(error.message).toContain(says);
});
