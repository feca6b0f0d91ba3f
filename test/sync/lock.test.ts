// Lock: one at a time, whoever asks and however; nobody waits for the dead, and nobody starves.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ForkyardError,
  type Guard,
  Lock,
  Pool,
  Process,
  SharedArray,
  Event as SharedEvent,
  TimeoutError,
} from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { tasks } from '../fixtures/sync/tasks.mjs';
import { until } from '../helpers/until.js';

let pool: Pool;
beforeAll(() => {
  pool = new Pool(3);
});
afterAll(() => pool[Symbol.asyncDispose]());

/** A process that dies by SIGKILL when the test says so. */
async function holder(lock: Lock): Promise<Process> {
  const { path, reached } = mark();
  const process = new Process({ target: tasks.hold, args: [lock, path] });
  process.start();
  await reached();
  // It may have come so far before this thread's event loop had a turn.
  await until(() => process.pid !== null);
  return process;
}

async function kill(process: Process): Promise<void> {
  process.kill();
  await process.join();
}

describe('in one thread', () => {
  test('is held by one at a time', async () => {
    const lock = new Lock();
    expect(lock.locked).toBe(false);
    const guard = lock.acquireSync();
    expect([lock.locked, guard.ownerDied, lock.tryAcquire()]).toEqual([true, false, undefined]);
    const order: string[] = [];
    const waiting = ['a', 'b', 'c'].map(async (name) => {
      const own = await lock.acquire();
      order.push(name);
      await sleep(1);
      own.release();
    });
    guard.release();
    await Promise.all(waiting);
    expect(order).toEqual(['a', 'b', 'c']);
    expect(lock.locked).toBe(false);
  });

  test('run and runSync release it, also by an error', async () => {
    const lock = new Lock();
    expect(lock.runSync((guard) => [guard.ownerDied, lock.locked])).toEqual([false, true]);
    expect(await lock.run(async () => lock.locked)).toBe(true);
    const error = new Error('mine');
    const fail = (): never => {
      throw error;
    };
    expect(thrown(() => lock.runSync(fail))).toBe(error);
    expect(await rejection(lock.run(async () => fail()))).toBe(error);
    expect(lock.locked).toBe(false);
  });

  test('a blocked thread would wait for itself: an error at the call', () => {
    const lock = new Lock();
    const guard = lock.acquireSync();
    const error = thrown(() => lock.acquireSync());
    expectClear(error, {
      class: ForkyardError,
      code: 'ERR_FORKYARD_DEADLOCK',
      says: ['Lock.acquireSync', 'await acquire()'],
    });
    guard.release();
  });

  test('a time-out names the owner; nothing is taken', async () => {
    const lock = new Lock();
    const guard = lock.acquireSync();
    const error = await rejection(lock.acquire({ timeout: 20 }));
    expectClear(error, { class: TimeoutError, code: 'ERR_FORKYARD_TIMEOUT', says: ['this thread', 'ms'] });
    expect(await rejection(lock.acquire({ timeout: 0 }))).toBeInstanceOf(TimeoutError);
    expect(await rejection(lock.acquire({ timeout: -5 }))).toBeInstanceOf(TimeoutError);
    guard.release();
    lock.acquireSync({ timeout: 0 }).release();
  });

  test('a signal ends a wait, before and after it began', async () => {
    const lock = new Lock();
    const guard = lock.acquireSync();
    const controller = new AbortController();
    const waiting = rejection(lock.acquire({ signal: controller.signal }));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    expect(await rejection(lock.acquire({ signal: controller.signal }))).toBe(reason);
    guard.release();
    expect(lock.locked).toBe(false);
  });

  test('a release that has nothing to release is an error, and changes nothing', () => {
    const lock = new Lock();
    expectClear(
      thrown(() => lock.release()),
      { class: ForkyardError, code: 'ERR_FORKYARD_NOT_HELD', says: ['Lock.release'] },
    );
    const guard = lock.acquireSync();
    guard.release();
    expectClear(
      thrown(() => guard.release()),
      { class: ForkyardError, code: 'ERR_FORKYARD_NOT_HELD', says: ['once'] },
    );
    const next = lock.acquireSync();
    expect(thrown(() => guard.release())).toMatchObject({ code: 'ERR_FORKYARD_NOT_HELD' });
    expect(lock.locked).toBe(true);
    next.release();
  });

  test('arguments that mean nothing', async () => {
    const lock = new Lock();
    for (const options of [5, null, 'x', { timeout: 'long' }, { timeOut: 5 }, { signal: {} }]) {
      expect(await rejection(lock.acquire(options as never))).toBeInstanceOf(TypeError);
    }
    expect(await rejection(lock.acquire({ timeout: Number.NaN }))).toBeInstanceOf(RangeError);
    expect(thrown(() => lock.runSync(5 as never))).toBeInstanceOf(TypeError);
    expect(await rejection(lock.run(undefined as never))).toBeInstanceOf(TypeError);
    // Also where there is nothing to wait for.
    expect(thrown(() => lock.acquireSync({ timeOut: 5 } as never))).toBeInstanceOf(TypeError);
    expect(thrown(() => lock.runSync(async () => {}))).toBeInstanceOf(TypeError);
    expect(lock.locked).toBe(false);
    const guard = lock.acquireSync();
    expect(thrown(() => lock.acquireSync({ signal: AbortSignal.abort() } as never))).toBeInstanceOf(
      TypeError,
    );
    guard.release();
  });

  test('a guard is disposable', () => {
    const lock = new Lock();
    const guard: Guard = lock.acquireSync();
    guard[Symbol.dispose]();
    expect(lock.locked).toBe(false);
  });
});

describe('between processes', () => {
  test('excludes those who block, those who await, and both', async () => {
    const lock = new Lock();
    const count = new SharedArray('i', [0]);
    await Promise.all([1, 2, 3].map(() => pool.apply(tasks.countSync, [lock, count, 20_000])));
    expect(count[0]).toBe(60_000);
    await Promise.all([
      pool.apply(tasks.count, [lock, count, 500]),
      pool.apply(tasks.count, [lock, count, 500]),
      pool.apply(tasks.countSync, [lock, count, 5000]),
      tasks.count(lock, count, 500),
      tasks.count(lock, count, 500),
    ]);
    expect(count[0]).toBe(67_000);
    expect(lock.locked).toBe(false);
  });

  test('is one object wherever it arrives, nested or not', async () => {
    const lock = new Lock();
    const [nested, again] = (await pool.apply(tasks.echo, [[{ lock }, lock]])) as [{ lock: Lock }, Lock];
    expect(nested.lock).toBe(lock);
    expect(again).toBe(lock);
    expect(await pool.apply(tasks.isSame, [lock, lock])).toBe(true);
  });

  test('who holds it is told to those who run out of time', async () => {
    const lock = new Lock();
    const process = await holder(lock);
    const error = thrown(() => lock.acquireSync({ timeout: 30 }));
    expectClear(error, {
      class: TimeoutError,
      code: 'ERR_FORKYARD_TIMEOUT',
      says: [`process ${process.pid}`],
    });
    expect(lock.locked).toBe(true);
    await kill(process);
  });

  test('any process may release it', async () => {
    const lock = new Lock();
    const process = await holder(lock);
    lock.release();
    expect(lock.locked).toBe(false);
    await kill(process);
    expect(lock.acquireSync().ownerDied).toBe(false);
  });

  test('no waiter starves beside one that takes it again and again', async () => {
    const lock = new Lock();
    const stop = new SharedEvent();
    const { path, reached } = mark();
    const hammers = [1, 2].map(() => pool.apply(tasks.hammer, [lock, stop, path]));
    await reached(2);
    for (let n = 0; n < 20; n++) {
      (await lock.acquire({ timeout: 10_000 })).release();
      lock.acquireSync({ timeout: 10_000 }).release();
    }
    stop.set();
    for (const times of await Promise.all(hammers)) expect(times).toBeGreaterThan(0);
  });
});

describe('an owner that dies', () => {
  test('is told to the next owner, and to no other', async () => {
    const lock = new Lock();
    await kill(await holder(lock));
    const guard = await lock.acquire();
    expect(guard.ownerDied).toBe(true);
    guard.release();
    expect(lock.acquireSync().ownerDied).toBe(false);
  });

  test('leaves it to those who wait already', async () => {
    const lock = new Lock();
    const process = await holder(lock);
    const { path, reached } = mark();
    const waiting = [
      pool.apply(tasks.acquired, [lock, path]),
      pool.apply(tasks.acquiredSync, [lock, path]),
      lock.acquire().then((guard) => {
        guard.release();
        return guard.ownerDied;
      }),
    ];
    await reached(2);
    await kill(process);
    expect((await Promise.all(waiting)).filter(Boolean)).toHaveLength(1);
    expect(lock.locked).toBe(false);
  });

  test('also while this thread, which should hear of its death, is blocked', async () => {
    const lock = new Lock();
    const { path, reached } = mark();
    const process = new Process({ target: tasks.holdAndDie, args: [lock, path, 100] });
    process.start();
    await reached();
    const guard = lock.acquireSync({ timeout: 20_000 });
    expect(guard.ownerDied).toBe(true);
    guard.release();
    await process.join();
  });

  test('or ends in order', async () => {
    const lock = new Lock();
    const process = new Process({ target: tasks.acquireAndEnd, args: [lock] });
    process.start();
    await process.join();
    expect(process.exitCode).toBe(0);
    expect(lock.acquireSync().ownerDied).toBe(true);
  });

  test('or has lost it', async () => {
    const lock = new Lock();
    const single = new Pool(1);
    const pid = await single.apply(tasks.acquireAndForget, [lock]);
    expect(lock.locked).toBe(true);
    for (let n = 0; n < 20 && lock.locked; n++) await single.apply(tasks.collect);
    const guard = lock.acquireSync({ timeout: 10_000 });
    expect(guard.ownerDied).toBe(true);
    expect(await single.apply(tasks.pid)).toBe(pid);
    await single[Symbol.asyncDispose]();
  });
});

test('waiters that are killed hold nobody up', async () => {
  const lock = new Lock();
  const guard = lock.acquireSync();
  const { path, reached } = mark();
  const victims = [tasks.acquired, tasks.acquiredSync, tasks.acquired].map((target) => {
    const process = new Process({ target, args: [lock, path] });
    process.start();
    return process;
  });
  await reached(3);
  const waiting = pool.apply(tasks.acquiredSync, [lock, path]);
  await reached(4);
  for (const victim of victims) victim.kill();
  guard.release();
  expect(await waiting).toBe(false);
  await Promise.all(victims.map((victim) => victim.join()));
  expect(lock.acquireSync({ timeout: 10_000 }).ownerDied).toBe(false);
});
