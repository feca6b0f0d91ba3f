// What a pool gives to workers that have not started yet: it is with them when they come up, and nobody's loss if they do
// not, or not soon.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Pool, prewarm } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';
import { until } from '../helpers/until.js';

test('each has one task at most, the first come first', async () => {
  const pool = openPool(2);
  const calls = [1, 2, 3, 4].map((n) => pool.apply(tasks.square, [n]));
  const { workers, waiting } = pool.stats();
  expect(workers).toMatchObject(Array(2).fill({ state: 'starting', held: 1 }));
  expect(waiting).toBe(2);
  expect(await Promise.all(calls)).toEqual([1, 4, 9, 16]);
});

test('a worker that overlaps tasks has as many as it may', () => {
  const pool = openPool({ processes: 2, concurrency: 2 });
  for (let n = 0; n < 3; n++) pool.apply(tasks.square, [n]).catch(() => {});
  expect(pool.stats().workers.map(({ held }) => held)).toEqual([2, 1]);
});

test('a map has a chunk in each', () => {
  const pool = openPool(2);
  pool.map(tasks.square, [1, 2, 3, 4]).catch(() => {});
  expect(pool.stats().workers.map(({ held }) => held)).toEqual([1, 1]);
});

test('one that does not come up leaves its task to the other', async () => {
  const first = mark();
  const pool = openPool({ processes: 2, initializer: tasks.firstSpins, initargs: [first.path] });
  expect(await Promise.all([1, 2].map((n) => pool.apply(tasks.square, [n])))).toEqual([1, 4]);
  expect(pool.stats().workers.map(({ state }) => state)).toContain('starting');
});

test('one that is killed meanwhile leaves its task to its successor', async () => {
  const first = mark();
  const pool = openPool({ processes: 1, initializer: tasks.firstSpins, initargs: [first.path] });
  const result = pool.apply(tasks.square, [3]);
  await first.reached();
  expect(pool.stats()).toMatchObject({ workers: [{ state: 'starting', held: 1 }], waiting: 0 });
  process.kill(await until(() => pool.stats().workers[0]?.pid), 'SIGKILL');
  expect(await result).toBe(9);
  expect(pool.stats()).toMatchObject({ restarts: 1, lost: 0 });
});

describe('a call that is given up', () => {
  test('while its worker is still to be started costs no worker, and is not run', async () => {
    const pool = openPool({ processes: 1, initializer: tasks.setUpLater, initargs: [0] });
    const { path, lines } = mark();
    const controller = new AbortController();
    const ended = rejection(pool.apply(tasks.note, [path, 1], { signal: controller.signal }));
    controller.abort(new Error('not now'));
    expect((await ended).message).toBe('not now');
    expect(await pool.apply(tasks.square, [4])).toBe(16);
    expect(pool.stats()).toMatchObject({ restarts: 0, unsettled: 0 });
    expect(lines()).toEqual([]);
  });

  test('and has begun, though this thread has not heard of its worker, leaves the pool whole', async () => {
    await prewarm();
    // The first of them may be a spare, of which this thread hears at once.
    const pool = openPool(3);
    const { path, lines } = mark();
    const controller = new AbortController();
    const { signal } = controller;
    const ended = [1, 2, 3].map(() => rejection(pool.apply(tasks.hang, [path], { signal })));
    // Without a turn of the event loop.
    for (const end = performance.now() + 10_000; lines().length < 3 && performance.now() < end; );
    controller.abort(new Error('not now'));
    for (const error of await Promise.all(ended)) expect(error.message).toBe('not now');
    for (let n = 0; n < 20; n++) expect(await pool.apply(tasks.square, [n])).toBe(n * n);
    await until(() => pool.stats().workers.every(({ state }) => state === 'idle'));
    expect(await Promise.all([1, 2, 3, 4].map((n) => pool.apply(tasks.square, [n])))).toEqual([1, 4, 9, 16]);
  });

  test('at any moment of its start leaves the pool whole', async () => {
    for (let round = 0; round < 40; round++) {
      const pool = new Pool(1);
      const controller = new AbortController();
      const ended = rejection(pool.apply(tasks.hang, [mark().path], { signal: controller.signal }));
      const kept = pool.apply(tasks.square, [round]);
      await sleep((round % 20) / 2);
      controller.abort(new Error('not now'));
      expect((await ended).message).toBe('not now');
      expect(await kept).toBe(round ** 2);
      pool.terminate();
      await pool.join();
    }
  });
});

test('a pool that is closed before they come up does what it was given', async () => {
  const pool = openPool(2);
  const calls = [1, 2, 3].map((n) => pool.apply(tasks.square, [n]));
  pool.close();
  expect(await Promise.all(calls)).toEqual([1, 4, 9]);
  await pool.join();
  await until(() => pool.stats().workers.length === 0);
});
