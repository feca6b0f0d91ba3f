// What a pool runs in each worker before anything else: once, again in replacements, and what becomes of a pool where
// that fails, ends the worker, or never ends.
import { describe, expect, test } from 'vitest';
import {
  BrokenPoolError,
  SerializationError,
  TaskResolutionError,
  TaskTimeoutError,
} from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';
import { until } from '../helpers/until.js';

test('runs once in each worker, before its first task, with initargs', async () => {
  const mine = mark();
  const pool = openPool({ processes: 2, initializer: tasks.setUp, initargs: [mine.path, { value: 7 }] });
  const values = await pool.map(tasks.setUpValue as never, Array.from({ length: 20 }), { chunkSize: 1 });
  expect(values).toEqual(values.map(() => ({ value: 7 })));
  const ran = (await mine.reached(2)).map(Number);
  const pids = () => pool.stats().workers.map(({ pid }) => pid);
  await until(() => !pids().includes(null));
  expect(ran.sort()).toEqual(pids().sort());
});

test('is awaited', async () => {
  const pool = openPool({ processes: 2, initializer: tasks.setUpLater, initargs: ['ready'] });
  expect(await Promise.all([1, 2, 3, 4].map(() => pool.apply(tasks.setUpValue)))).toEqual(
    Array(4).fill('ready'),
  );
});

test('runs in the replacement of a dead worker too', async () => {
  const mine = mark();
  const pool = openPool({ processes: 1, initializer: tasks.setUp, initargs: [mine.path, 'again'] });
  await rejection(pool.apply(tasks.exit, [1]));
  expect(await pool.apply(tasks.setUpValue)).toBe('again');
  expect(new Set(mine.lines()).size).toBe(2);
});

test('initargs of 20 MiB reach every worker, also the replacement', async () => {
  const bytes = new Uint8Array(20 * 2 ** 20).fill(7);
  const pool = openPool({ processes: 2, initializer: tasks.setUpLater, initargs: [bytes] });
  const sum = async () => ((await pool.apply(tasks.setUpValue)) as Uint8Array).length;
  expect(await sum()).toBe(bytes.length);
  await rejection(pool.apply(tasks.exit, [1]));
  expect(await sum()).toBe(bytes.length);
});

describe('that throws', () => {
  test('breaks the pool with the error as cause, at once and without new attempts', async () => {
    const pool = openPool({ processes: 2, initializer: tasks.setUpFails });
    const outcomes = await Promise.allSettled([
      pool.apply(tasks.square, [2]),
      pool.map(tasks.square, [1, 2, 3]),
      pool.imap(tasks.square, [1]).next(),
    ]);
    for (const outcome of outcomes) {
      const { reason } = outcome as PromiseRejectedResult;
      expectClear(reason, {
        class: BrokenPoolError,
        code: 'ERR_FORKYARD_BROKEN_POOL',
        says: [/initializer/i, 'cannot set up'],
      });
      expect(reason.cause).toBeInstanceOf(RangeError);
      expect(reason.cause).toMatchObject({ message: 'cannot set up', code: 'ESETUP' });
    }
    expect(pool.stats()).toMatchObject({ state: 'broken', restarts: 0 });
    expect(await rejection(pool.apply(tasks.square, [2]))).toBeInstanceOf(BrokenPoolError);
    pool.terminate();
    await pool.join();
  });

  test('or cannot be found', async () => {
    const pool = openPool({
      processes: 1,
      initializer: { module: new URL('./none.mjs', import.meta.url), name: 'x' },
    });
    const error = await rejection(pool.apply(tasks.square, [2]));
    expect(error).toBeInstanceOf(BrokenPoolError);
    expect(error.cause).toBeInstanceOf(TaskResolutionError);
  });
});

test('that ends its worker breaks the pool when the budget is used up', async () => {
  const pool = openPool({ processes: 2, initializer: tasks.exit, initargs: [3], restartBudget: 3 });
  const error = await rejection(pool.apply(tasks.square, [2]));
  expectClear(error, {
    class: BrokenPoolError,
    code: 'ERR_FORKYARD_BROKEN_POOL',
    says: [/exit code 3/],
  });
  expect(pool.stats().restarts).toBeLessThanOrEqual(3);
});

test('that never ends: tasks wait, and terminate rejects them', async () => {
  const mine = mark();
  const pool = openPool({ processes: 2, initializer: tasks.spin, initargs: [mine.path] });
  const pending = rejection(pool.apply(tasks.square, [2]));
  await mine.reached(2);
  expect(pool.stats()).toMatchObject({ state: 'open', unsettled: 1 });
  pool.terminate();
  await pool.join();
  expect(await pending).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
});

describe.each(['apply', 'map', 'imap'] as const)('that never ends: %s with a timeout', (kind) => {
  const call = (pool: ReturnType<typeof openPool>): Promise<unknown> => {
    const options = { timeout: 1 };
    if (kind === 'apply') return pool.apply(tasks.square, [2], options);
    const items = Array.from({ length: 50 }, (_, n) => n);
    if (kind === 'map') return pool.map(tasks.square, items, options);
    return pool.imap(tasks.square, items, options).next();
  };

  test('rejects after startTimeout, while a call without one waits', async () => {
    const mine = mark();
    const pool = openPool({
      processes: 1,
      initializer: tasks.spin,
      initargs: [mine.path],
      startTimeout: 50,
    });
    const patient = rejection(pool.apply(tasks.square, [3]));
    expectClear(await rejection(call(pool)), {
      class: TaskTimeoutError,
      code: 'ERR_FORKYARD_TASK_TIMEOUT',
      says: [/square/, /initializer/i, /startTimeout/],
    });
    expect(pool.stats()).toMatchObject({ state: 'open', unsettled: 1, restarts: 0 });
    pool.terminate();
    expect(await patient).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
  });
});

test('that takes longer than the timeout of a task does not count as its time', async () => {
  const pool = openPool({ processes: 1, initializer: tasks.setUpLater, initargs: ['ready'] });
  expect(await pool.apply(tasks.setUpValue, [], { timeout: 1 })).toBe('ready');
});

test('that never ends in one of two workers: the other does the work', async () => {
  const mine = mark();
  const pool = openPool({ processes: 2, initializer: tasks.firstSpins, initargs: [mine.path] });
  expect(await pool.map(tasks.square, [1, 2, 3, 4], { chunkSize: 1 })).toEqual([1, 4, 9, 16]);
});

test('with initargs that cannot be sent: an error at the call that names it, and no worker is left', () => {
  const error = thrown(() =>
    openPool({ processes: 1, initializer: tasks.setUp, initargs: ['x', { f: () => {} }] }),
  );
  expectClear(error, {
    class: SerializationError,
    code: 'ERR_FORKYARD_SERIALIZATION',
    says: ['initargs[1].f'],
  });
});

test('a pool whose initializer failed and that nobody uses raises nothing', async () => {
  const pool = openPool({ processes: 1, initializer: tasks.setUpFails });
  await until(() => pool.stats().state === 'broken');
});
