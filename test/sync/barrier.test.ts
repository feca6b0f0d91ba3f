// Barrier: as many as are meant go on together, or all of them are told that they do not.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Barrier, BrokenBarrierError, Pool, Process, TimeoutError } from '../../lib/index.js';
import { rejection, thrown } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { tasks } from '../fixtures/sync/tasks.mjs';
import { until } from '../helpers/until.js';

let pool: Pool;
beforeAll(() => {
  pool = new Pool(3);
});
afterAll(() => pool[Symbol.asyncDispose]());

const waiting = (barrier: Barrier, count: number) => until(() => barrier.nWaiting === count);

test('tasks of one process: in the order of their arrival, again and again', async () => {
  const barrier = new Barrier(3);
  expect([barrier.parties, barrier.nWaiting, barrier.broken]).toEqual([3, 0, false]);
  for (let round = 0; round < 100; round++) {
    expect(await Promise.all([barrier.wait(), barrier.wait(), barrier.wait()])).toEqual([0, 1, 2]);
    expect(barrier.nWaiting).toBe(0);
  }
});

test('alone nobody waits', async () => {
  const barrier = new Barrier(1);
  expect([await barrier.wait(), barrier.waitSync()]).toEqual([0, 0]);
});

test('more than are meant: the others are the next', async () => {
  const barrier = new Barrier(2);
  const places = await Promise.all(Array.from({ length: 10 }, () => barrier.wait()));
  expect(places).toEqual(Array.from({ length: 10 }, (_, n) => n % 2));
});

test('processes, by promise and blocked: each round has each place once', async () => {
  const barrier = new Barrier(4);
  const rounds = 200;
  const others = [1, 2, 3].map(() => pool.apply(tasks.pass, [barrier, rounds]));
  const own: number[] = [];
  for (let n = 0; n < rounds; n++) own.push(n % 3 === 0 ? barrier.waitSync() : await barrier.wait());
  const all = [own, ...(await Promise.all(others))];
  for (let n = 0; n < rounds; n++) expect(all.map((places) => places[n]).sort()).toEqual([0, 1, 2, 3]);
});

describe('an action', () => {
  test('runs once, before anybody goes on, also if it takes its time', async () => {
    const order: string[] = [];
    const action = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('action');
    };
    const barrier = new Barrier(2, { action });
    for (let round = 0; round < 2; round++) {
      await Promise.all([1, 2].map(() => barrier.wait().then(() => order.push('on'))));
    }
    expect(order).toEqual(['action', 'on', 'on', 'action', 'on', 'on']);
  });

  test('whoever comes while it runs is of the next round', async () => {
    let finish = (): void => {};
    let runs = 0;
    const action = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
        runs++;
      });
    const barrier = new Barrier(2, { action });
    const first = [barrier.wait(), barrier.wait()];
    await until(() => runs === 1);
    const second = [barrier.wait(), barrier.wait()];
    expect(barrier.nWaiting).toBe(0);
    finish();
    expect(await Promise.all(first)).toEqual([0, 1]);
    await until(() => runs === 2);
    finish();
    expect(await Promise.all(second)).toEqual([0, 1]);
  });

  test('that throws breaks it: its own error for who ran it, and the others are told', async () => {
    const barrier = new Barrier(2, {
      action: () => {
        throw new Error('not today');
      },
    });
    const first = rejection(barrier.wait());
    expect((await rejection(barrier.wait())).message).toBe('not today');
    expect(await first).toBeInstanceOf(BrokenBarrierError);
    expect(barrier.broken).toBe(true);
    barrier.reset();
    const again = rejection(barrier.wait());
    expect(thrown(() => barrier.waitSync()).message).toBe('not today');
    expect(await again).toBeInstanceOf(BrokenBarrierError);
  });

  test('that is asynchronous is refused where it blocks', async () => {
    const barrier = new Barrier(1, { action: async () => {} });
    expect(thrown(() => barrier.waitSync())).toBeInstanceOf(TypeError);
    expect(barrier.broken).toBe(true);
  });

  test('that is a task travels with it', async () => {
    const barrier = new Barrier(1, { action: tasks.pid as () => unknown });
    expect(await pool.apply(tasks.pass, [barrier, 2])).toEqual([0, 0]);
  });
});

describe('broken', () => {
  test('by one that gives up: it has its reason, all others are told', async () => {
    const barrier = new Barrier(3);
    const marks = mark();
    const others = [rejection(barrier.wait()), rejection(pool.apply(tasks.passSync, [barrier, marks.path]))];
    await waiting(barrier, 2);
    expect(barrier.nWaiting).toBe(2);
    barrier.abort();
    for (const error of await Promise.all(others)) expect(error).toBeInstanceOf(BrokenBarrierError);
    expect([barrier.broken, barrier.nWaiting]).toEqual([true, 0]);
    expect(await rejection(barrier.wait())).toBeInstanceOf(BrokenBarrierError);
    expect(thrown(() => barrier.waitSync())).toBeInstanceOf(BrokenBarrierError);
    barrier.reset();
    expect(barrier.broken).toBe(false);

    const told = rejection(pool.apply(tasks.passSync, [barrier, marks.path]));
    await waiting(barrier, 1);
    expect(await rejection(barrier.wait({ timeout: 5 }))).toBeInstanceOf(TimeoutError);
    expect(await told).toBeInstanceOf(BrokenBarrierError);
    barrier.reset();

    const controller = new AbortController();
    const aborted = rejection(barrier.wait({ signal: controller.signal }));
    await waiting(barrier, 1);
    controller.abort(new Error('enough'));
    expect((await aborted).message).toBe('enough');
    expect(barrier.broken).toBe(true);
  });

  test('by a reset: who waited is told, and then it is as new', async () => {
    const barrier = new Barrier(2);
    for (let round = 0; round < 20; round++) {
      const told = [rejection(round % 2 === 0 ? barrier.wait() : pool.apply(tasks.pass, [barrier, 1]))];
      await waiting(barrier, 1);
      barrier.reset();
      expect(barrier.broken).toBe(false);
      // Before the one that was told of the last round can have noticed.
      const next = [barrier.wait(), barrier.wait()];
      expect(await Promise.all(next)).toEqual([0, 1]);
      for (const error of await Promise.all(told)) expect(error).toBeInstanceOf(BrokenBarrierError);
    }
  });

  test('by the death of one that waits, though nobody else of its process is asked', async () => {
    const barrier = new Barrier(3);
    const marks = mark();
    await using victim = new Process({ target: tasks.passSync, args: [barrier, marks.path] });
    victim.start();
    const other = rejection(pool.apply(tasks.passSync, [barrier, marks.path]));
    await waiting(barrier, 2);
    victim.kill();
    expect(await other).toBeInstanceOf(BrokenBarrierError);
    expect(barrier.broken).toBe(true);
    await victim.join();
  });

  test('not by the death of one that has passed', async () => {
    const barrier = new Barrier(2);
    const marks = mark();
    const victim = new Process({ target: tasks.pass, args: [barrier, 1] });
    victim.start();
    await barrier.wait();
    const next = pool.apply(tasks.passSync, [barrier, marks.path]);
    await waiting(barrier, 1);
    victim.kill();
    await victim.join();
    expect(await barrier.wait()).toBe(1);
    expect(await next).toBe(0);
  });
});

test('its own time-out is the default', async () => {
  const barrier = new Barrier(2, { timeout: 5 });
  const error = await rejection(barrier.wait());
  expect(error).toBeInstanceOf(TimeoutError);
  expect(error.message).toBe('Barrier.wait: timed out after 5 ms; 1 of 2 parties have arrived');
  barrier.reset();
  expect(thrown(() => barrier.waitSync())).toBeInstanceOf(TimeoutError);
  barrier.reset();
  const patient = barrier.wait({ timeout: 1e9 });
  expect(await pool.apply(tasks.pass, [barrier, 1])).toEqual([1]);
  expect(await patient).toBe(0);
});

test('wrong arguments', () => {
  for (const parties of [0, -1, 1.5, 2 ** 15 + 1]) {
    expect(thrown(() => new Barrier(parties))).toBeInstanceOf(RangeError);
  }
  expect(thrown(() => new Barrier('2' as never))).toBeInstanceOf(TypeError);
  expect(thrown(() => new Barrier(2, { action: 1 as never }))).toBeInstanceOf(TypeError);
  expect(thrown(() => new Barrier(2, { timeout: '1' as never }))).toBeInstanceOf(TypeError);
  expect(thrown(() => new Barrier(2, { action: () => {}, actoin: 1 } as never)).message).toContain('action');
});
