// Who runs what: no task waits behind another while a worker has nothing to do, and a worker overlaps as many as it may.
import { describe, expect, test } from 'vitest';

import { rejection } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { manyTasks } from '../fixtures/pool/many-tasks.mjs';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';

describe('tasks that wait for each other', () => {
  test.each([2, 3])('%d of them on a pool just made of as many workers', async (count) => {
    const pool = openPool(count);
    const { path } = mark();
    const pids = await Promise.all(
      Array.from({ length: count }, () => pool.apply(tasks.meet, [path, count])),
    );
    expect(new Set(pids).size).toBe(count);
  });

  test('that give nothing back to the loop', async () => {
    const pool = openPool(2);
    const { path } = mark();
    const pids = await Promise.all([1, 2].map(() => pool.apply(tasks.meetSync, [path, 2])));
    expect(new Set(pids).size).toBe(2);
  });

  test('of a map', async () => {
    const pool = openPool(2);
    const { path } = mark();
    const args = [1, 2].map(() => [path, 2] as [string, number]);
    expect(new Set(await pool.starmap(tasks.meet, args, { chunkSize: 1 })).size).toBe(2);
  });

  test('after many tiny ones', async () => {
    const pool = openPool(2);
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 50 }, (_, n) => pool.apply(tasks.square, [n])));
    }
    const { path } = mark();
    expect(new Set(await Promise.all([1, 2].map(() => pool.apply(tasks.meet, [path, 2])))).size).toBe(2);
  });
});

describe('behind a task that never ends', () => {
  test('the others are done by the other worker: on a pool just made', async () => {
    const pool = openPool(2);
    const ended = rejection(pool.apply(tasks.spin, [mark().path]));
    const others = await Promise.all(Array.from({ length: 100 }, (_, n) => pool.apply(tasks.square, [n])));
    expect(others).toEqual(others.map((_, n) => n * n));
    pool.terminate();
    await ended;
  });

  test('and in the midst of a burst of tiny ones', async () => {
    const pool = openPool(2);
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 50 }, (_, n) => pool.apply(tasks.square, [n])));
    }
    let done = 0;
    const others: Promise<unknown>[] = [];
    let ended: Promise<unknown> | undefined;
    for (let n = 0; n < 1000; n++) {
      if (n === 500) ended = rejection(pool.apply(tasks.spin, [mark().path]));
      others.push(pool.apply(tasks.square, [n]).then(() => done++));
    }
    const all = Promise.all(others).catch(() => {});
    const watchdog = new Promise((resolve) => setTimeout(resolve, 15_000));
    await Promise.race([all, watchdog]);
    expect(done).toBe(1000);
    pool.terminate();
    await ended;
  });
});

describe('concurrency', () => {
  test('one task at a time by default', async () => {
    const pool = openPool(1);
    const most = await Promise.all(Array.from({ length: 10 }, () => pool.apply(tasks.overlap)));
    expect(Math.max(...most)).toBe(1);
  });

  test('as many as it says, and no more', async () => {
    const pool = openPool({ processes: 1, concurrency: 4 });
    const { path } = mark();
    const pids = await Promise.all([1, 2, 3, 4].map(() => pool.apply(tasks.meet, [path, 4])));
    expect(new Set(pids).size).toBe(1);
    const most = await Promise.all(Array.from({ length: 40 }, () => pool.apply(tasks.overlap)));
    expect(Math.max(...most)).toBe(4);
  });

  // A worker that is given tasks ahead gets no more than 1024 of short ones: that is no limit to what it overlaps.
  test('a worker overlaps two thousand tasks if it may', async () => {
    const concurrency = 2000;
    const pool = openPool({ processes: 1, concurrency });
    await pool.apply(tasks.square, [1]);
    const { path } = mark();
    const pids = await Promise.all(
      Array.from({ length: concurrency }, () => pool.apply(tasks.meet, [path, concurrency])),
    );
    expect(new Set(pids).size).toBe(1);
  });

  test('results come in the order in which they are ready', async () => {
    const pool = openPool({ processes: 1, concurrency: 2 });
    const order: string[] = [];
    const [started, gate] = [mark(), mark()];
    const slow = pool.apply(tasks.until, [started.path, gate.path, 'slow']).then(() => order.push('slow'));
    await pool.apply(tasks.later, ['quick', 1]).then(() => order.push('quick'));
    gate.open();
    await slow;
    expect(order).toEqual(['quick', 'slow']);
  });
});

test('tasks that are new while workers are busy and their work is moved about', async () => {
  const pool = openPool(2);
  for (let round = 0; round < 100; round++) {
    await Promise.all(Array.from({ length: 10 }, (_, n) => pool.apply(tasks.square, [n])));
  }
  const items = Array.from({ length: 300 }, (_, n) => n);
  for (const fill of Object.values(manyTasks).slice(0, 40)) {
    const beside = Promise.all([pool.apply(tasks.burn, [15, 0]), pool.apply(tasks.burn, [1, 0])]);
    let n = 0;
    for await (const part of pool.imap(fill, items, { bufferSize: 300 })) expect(part[0]).toBe(n++ % 256);
    expect(n).toBe(300);
    await beside;
  }
  expect(pool.stats()).toMatchObject({ restarts: 0, lost: 0 });
});

test('a map spreads over all workers', async () => {
  const pool = openPool(2);
  await pool.map(tasks.square, [1, 2, 3, 4], { chunkSize: 1 });
  const { path } = mark();
  const pids = await pool.starmap(
    tasks.meet,
    Array.from({ length: 20 }, () => [path, 2] as [string, number]),
    { chunkSize: 1 },
  );
  expect(new Set(pids).size).toBe(2);
});

test('an input of long chunks does not keep the workers from another, whatever was run before', async () => {
  const pool = openPool(2);
  for (let n = 0; n < 500; n++) await pool.apply(tasks.square, [n]);
  const completed = () => pool.stats().workers.reduce((sum, worker) => sum + worker.completed, 0);
  const before = completed();
  const long = rejection(
    pool.map(
      tasks.burnOf,
      Array.from({ length: 160 }, () => 10),
      { chunkSize: 10 },
    ),
  );
  expect(await pool.map(tasks.square, [5])).toEqual([25]);
  // Of sixteen chunks two were given out before it was asked for, and maybe two more meanwhile.
  expect(completed() - before).toBeLessThan(8);
  pool.terminate();
  await long;
});

test('every task is run exactly once', async () => {
  const pool = openPool(2);
  const { path, lines } = mark();
  const items = Array.from({ length: 300 }, (_, n) => [path, n] as [string, number]);
  await Promise.all([
    ...items.slice(0, 100).map((args) => pool.apply(tasks.note, args)),
    pool.starmap(tasks.note, items.slice(100)),
  ]);
  expect(
    lines()
      .map(Number)
      .sort((a, b) => a - b),
  ).toEqual(items.map(([, n]) => n));
});
