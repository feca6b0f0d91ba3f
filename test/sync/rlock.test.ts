// RLock: its owner acquires it again; who that is, among the tasks of a thread, and that nobody else may release it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ForkyardError, Pool, Process, RLock, SharedArray, TimeoutError } from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { tasks } from '../fixtures/sync/tasks.mjs';
import { until } from '../helpers/until.js';

let pool: Pool;
beforeAll(() => {
  pool = new Pool(2);
});
afterAll(() => pool[Symbol.asyncDispose]());

test('the thread that acquired it does so again, and releases it as often', async () => {
  const lock = new RLock();
  lock.acquireSync();
  const second = await lock.acquire();
  const third = lock.tryAcquire();
  expect([lock.count, lock.locked]).toEqual([3, true]);
  lock.runSync(() => expect(lock.count).toBe(4));
  await lock.run(() => expect(lock.count).toBe(4));
  second.release();
  expect(thrown(() => second.release())).toMatchObject({ code: 'ERR_FORKYARD_NOT_HELD' });
  third?.release();
  expect([lock.count, lock.locked]).toEqual([1, true]);
  lock.release();
  expect([lock.count, lock.locked]).toEqual([0, false]);
  expectClear(
    thrown(() => lock.release()),
    {
      class: ForkyardError,
      code: 'ERR_FORKYARD_NOT_HELD',
      says: ['RLock.release', 'nobody holds'],
    },
  );
});

test('a task that acquired it by run() does so again in all that it awaits; other tasks wait', async () => {
  const [lock, other] = [new RLock(), new RLock()];
  const order: string[] = [];
  const body = async (name: string): Promise<void> => {
    await lock.run(async () => {
      order.push(`${name} in`);
      await sleep(2);
      // Within the call of another lock it is still the same task.
      await other.run(() => lock.run(async () => sleep(1)));
      expect(lock.runSync(() => lock.count)).toBe(2);
      // Though others wait by now.
      (await lock.acquire({ timeout: 10_000 })).release();
      order.push(`${name} out`);
    });
  };
  await Promise.all(['a', 'b', 'c'].map(body));
  expect(order).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  expect([lock.locked, other.locked]).toEqual([false, false]);
});

test('what a task left behind is no owner any more', async () => {
  const lock = new RLock();
  let late: Promise<string> | undefined;
  await lock.run(() => {
    late = sleep(20).then(() => lock.run(() => 'waited', { timeout: 5 }).catch((error: Error) => error.name));
  });
  await lock.run(async () => {
    expect(await late).toBe('TimeoutError');
  });
});

test('a blocked thread would wait for another task of its own: an error at the call', async () => {
  const lock = new RLock();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const running = lock.run(() => held);
  await sleep(1);
  expectClear(
    thrown(() => lock.acquireSync()),
    {
      class: ForkyardError,
      code: 'ERR_FORKYARD_DEADLOCK',
      says: ['another task of this thread'],
    },
  );
  expect(lock.tryAcquire()).toBeUndefined();
  expect(thrown(() => lock.release())).toMatchObject({ code: 'ERR_FORKYARD_NOT_HELD' });
  expect(await rejection(lock.acquire({ timeout: 5 }))).toBeInstanceOf(TimeoutError);
  release();
  await running;
  expect(lock.locked).toBe(false);
});

test('excludes other processes, which cannot release it, and outlives its owner', async () => {
  const lock = new RLock();
  const count = new SharedArray('i', [0]);
  await Promise.all([
    pool.apply(tasks.count, [lock, count, 300]),
    pool.apply(tasks.countSync, [lock, count, 3000]),
    tasks.count(lock, count, 300),
  ]);
  expect(count[0]).toBe(3600);

  const { path, reached } = mark();
  const owner = new Process({ target: tasks.hold, args: [lock, path] });
  owner.start();
  await reached();
  // It may have come so far before this thread's event loop had a turn.
  await until(() => owner.pid !== null);
  expectClear(
    thrown(() => lock.release()),
    {
      class: ForkyardError,
      code: 'ERR_FORKYARD_NOT_HELD',
      says: [`process ${owner.pid}`],
    },
  );
  owner.kill();
  const guards = [lock.acquireSync({ timeout: 20_000 }), lock.acquireSync()];
  expect(guards.map(({ ownerDied }) => ownerDied)).toEqual([true, false]);
  for (const guard of guards) guard.release();
  await owner.join();
  expect(lock.locked).toBe(false);
});
