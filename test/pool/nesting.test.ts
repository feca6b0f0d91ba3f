// Pools in pools, beside each other, in threads: each has its own workers, and none outlives its owner.
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { Process } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { nested } from '../fixtures/pool/nested.mjs';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';
import { processInfo, workersOf } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

const isOver = (pid: number) => [undefined, 'Z'].includes(processInfo(pid)?.state);

test('two pools at once do not meet', async () => {
  const [a, b] = [openPool(2), openPool(1)];
  const [fromA, fromB, pidsA, pidsB] = await Promise.all([
    a.map(tasks.square, [1, 2, 3], { chunkSize: 1 }),
    b.map(tasks.echo, ['x', 'y'], { chunkSize: 1 }),
    a.map(tasks.pid as never, Array(10).fill(0), { chunkSize: 1 }),
    b.map(tasks.pid as never, Array(10).fill(0), { chunkSize: 1 }),
  ]);
  expect([fromA, fromB]).toEqual([
    [1, 4, 9],
    ['x', 'y'],
  ]);
  expect(pidsA.filter((pid) => pidsB.includes(pid))).toEqual([]);
  a.terminate();
  await a.join();
  expect(await b.apply(tasks.square, [9])).toBe(81);
});

test('a task of one pool uses a pool of its own', async () => {
  const pool = openPool(2);
  expect(await pool.map(nested.squaresInside, [2, 3], { chunkSize: 1 })).toEqual([
    [0, 1],
    [0, 1, 4],
  ]);
  expect(await pool.apply(nested.deeper, [2])).toBe('level 2 > level 1 > level 0');
});

test('the pool that a worker keeps ends with the worker, also when that is killed', async () => {
  const pool = openPool(1);
  const inner = (await pool.apply(nested.keepPool)) as number[];
  expect(inner).toHaveLength(2);
  for (const pid of inner) expect(isOver(pid)).toBe(false);
  process.kill(pool.stats().workers[0]?.pid as number, 'SIGKILL');
  await until(() => inner.every(isOver), { what: () => `the end of ${inner}` });
  const again = (await pool.apply(nested.keepPool)) as number[];
  pool.terminate();
  await pool.join();
  await until(() => again.every(isOver), { what: () => `the end of ${again}` });
});

test('a pool or a process cannot be sent to another process', async () => {
  const pool = openPool(1);
  for (const value of [pool, new Process({ target: tasks.nothing })]) {
    const error = await rejection(pool.apply(tasks.echo, [value]));
    expect(error).toMatchObject({ code: 'ERR_FORKYARD_SERIALIZATION' });
  }
  expect(await pool.apply(tasks.square, [3])).toBe(9);
});

describe('a pool in a worker thread', () => {
  const script = new URL('../fixtures/pool/thread.mjs', import.meta.url);

  test('works as in the main thread, beside one there', async () => {
    const pool = openPool(1);
    const thread = new Worker(script, { workerData: { mode: 'work' } });
    const answer = new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    expect(await pool.map(tasks.square, [1, 2, 3])).toEqual([1, 4, 9]);
    expect(await answer).toEqual({ squares: [0, 1, 4, 9], large: 2 ** 20, isMainProcess: false });
    expect(await ended).toBe(0);
  });

  test('ends with the thread though tasks are pending', async () => {
    const mine = mark();
    const thread = new Worker(script, { workerData: { mode: 'hang', file: mine.path } });
    const failed = new Promise((resolve) => thread.once('error', resolve));
    const pids = (await Promise.race([mine.reached(2), failed.then((error) => Promise.reject(error))])).map(
      Number,
    );
    await thread.terminate();
    await until(() => pids.every(isOver), { what: () => `the end of ${pids}` });
    const workers = () => workersOf(process.pid);
    await until(() => workers().length === 0, { what: () => JSON.stringify(workers()) });
    // The others are unharmed.
    expect(await openPool(1).apply(tasks.square, [4])).toBe(16);
  });
});
