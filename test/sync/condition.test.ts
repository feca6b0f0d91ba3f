// Condition: who waits is notified in turn, holds the lock again, and no notification is lost with a process.
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Condition, Lock, Pool, Process, RLock, SharedArray, TimeoutError } from '../../lib/index.js';
import { rejection, thrown } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { tasks } from '../fixtures/sync/tasks.mjs';
import { processInfo } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

let pool: Pool;
beforeAll(() => {
  pool = new Pool(3);
});
afterAll(() => pool[Symbol.asyncDispose]());

const locks = { Lock: () => new Lock(), RLock: () => new RLock() };
/** Has nothing of the asynchronous context that it is called in. */
const outside = AsyncLocalStorage.snapshot();

const notHeld = { code: 'ERR_FORKYARD_NOT_HELD' };

/** Resolves when so many have said that they are about to wait, and do: they said so under the lock. */
async function waitingAt(
  condition: Condition,
  { reached }: { reached(times: number): Promise<unknown> },
  times: number,
) {
  await reached(times);
  (await condition.acquire()).release();
}

/** By promise and blocked, in other processes. */
async function twoWaitAt(condition: Condition): Promise<Promise<[boolean, boolean]>[]> {
  const marks = mark();
  const waiting = [tasks.waitAt, tasks.waitAtSync].map((wait) => pool.apply(wait, [condition, marks.path]));
  await waitingAt(condition, marks, 2);
  return waiting as Promise<[boolean, boolean]>[];
}

describe.each(Object.entries(locks))('with a %s', (_, makeLock) => {
  test('one that is notified holds the lock again, and its guard is good', async () => {
    const condition = new Condition(makeLock());
    const order: string[] = [];
    const waiting = condition.run(async (guard) => {
      order.push('waits');
      expect(await condition.wait()).toBe(true);
      order.push('goes on');
      expect(condition.locked).toBe(true);
      expect(guard.ownerDied).toBe(false);
    });
    await condition.run(() => {
      order.push('notifies');
      condition.notify();
    });
    await waiting;
    expect(order).toEqual(['waits', 'notifies', 'goes on']);
    expect(condition.locked).toBe(false);
  });

  test('one after the other, the first first, and no more than were meant', async () => {
    const condition = new Condition(makeLock());
    const woken: number[] = [];
    const waiting = [1, 2, 3, 4, 5].map((n) =>
      condition.run(async () => {
        await condition.wait();
        woken.push(n);
      }),
    );
    await condition.run(() => condition.notify());
    await waiting[0];
    await condition.run(() => condition.notify(2));
    await Promise.all(waiting.slice(0, 3));
    expect(woken).toEqual([1, 2, 3]);
    await condition.run(() => condition.notifyAll());
    await Promise.all(waiting);
    expect(woken).toEqual([1, 2, 3, 4, 5]);
  });

  test('nobody is notified for later', async () => {
    const condition = new Condition(makeLock());
    await condition.run(() => condition.notify(3));
    expect(await condition.run(() => rejection(condition.wait({ timeout: 5 })))).toBeInstanceOf(TimeoutError);
    condition.runSync(() => {
      condition.notifyAll();
      expect(thrown(() => condition.waitSync({ timeout: 5 }))).toBeInstanceOf(TimeoutError);
    });
    expect(condition.locked).toBe(false);
  });

  test('without the lock: refused, and the lock is as it was', async () => {
    const condition = new Condition(makeLock());
    expect(await rejection(condition.wait())).toMatchObject(notHeld);
    for (const call of [() => condition.waitSync(), () => condition.notify(), () => condition.notifyAll()]) {
      expect(thrown(call)).toMatchObject(notHeld);
    }
    const [held] = await pool.map(tasks.pid, [0]);
    expect(held).toBeGreaterThan(0);
    expect(condition.locked).toBe(false);
  });

  test('wrong options and reasons of signals: the lock is held', async () => {
    const condition = new Condition(makeLock());
    await condition.run(async () => {
      expect(await rejection(condition.wait({ timeout: Number.NaN }))).toBeInstanceOf(RangeError);
      expect(condition.locked).toBe(true);
      const controller = new AbortController();
      const waiting = rejection(condition.wait({ signal: controller.signal }));
      controller.abort(new Error('enough'));
      expect((await waiting).message).toBe('enough');
      expect(condition.locked).toBe(true);
      expect((await rejection(condition.wait({ signal: controller.signal }))).message).toBe('enough');
      expect(condition.locked).toBe(true);
    });
    expect(condition.locked).toBe(false);
  });

  test('in other processes, by promise and blocked, each once', async () => {
    const condition = new Condition(makeLock());
    const waiting = await twoWaitAt(condition);
    await condition.run(() => condition.notify());
    await Promise.race(waiting);
    // The other one has not been notified: it is still there for a notification.
    await condition.run(() => condition.notify());
    expect(await Promise.all(waiting)).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  test('a notification that its receiver cannot have any more is for the next', async () => {
    const condition = new Condition(makeLock());
    const first = mark();
    await using victim = new Process({ target: tasks.waitAtSync, args: [condition, first.path] });
    victim.start();
    await waitingAt(condition, first, 1);
    await victim.started;
    process.kill(victim.pid as number, 'SIGSTOP');
    await until(() => processInfo(victim.pid as number)?.state === 'T');
    // There is nobody else yet that it could go to.
    await condition.run(() => condition.notify());
    const second = mark();
    const waiting = pool.apply(tasks.waitAtSync, [condition, second.path]);
    await waitingAt(condition, second, 1);
    victim.kill();
    expect(await waiting).toEqual([true, false]);
    await victim.join();
  });

  test('one that notifies and dies with the lock: who waits is told so', async () => {
    const condition = new Condition(makeLock());
    const waiting = await twoWaitAt(condition);
    await using notifier = new Process({ target: tasks.notifyAndDie, args: [condition, 20] });
    notifier.start();
    const told = await Promise.all(waiting);
    expect(told.map(([waited]) => waited)).toEqual([true, true]);
    expect(told.filter(([, ownerDied]) => ownerDied)).toHaveLength(1);
    await notifier.join();
  });
});

test('an RLock is given up as a whole, and taken back as a whole', async () => {
  const lock = new RLock();
  const condition = new Condition(lock);
  await lock.run(async () => {
    const inner = await lock.acquire();
    const other = pool.apply(tasks.acquired, [lock, mark().path]);
    // Outside of this task, which has the lock.
    const later = other.then(() => outside(() => condition.run(() => condition.notify())));
    expect(await condition.wait()).toBe(true);
    expect(await other).toBe(false);
    await later;
    expect(lock.count).toBe(2);
    inner.release();
    expect(lock.count).toBe(1);
  });
  expect(lock.locked).toBe(false);
});

test('what has a lock by itself has an RLock, of which it is the face', async () => {
  const condition = new Condition();
  const guard = condition.acquireSync();
  const again = condition.tryAcquire();
  expect(again?.ownerDied).toBe(false);
  guard.release();
  expect(condition.locked).toBe(true);
  again?.release();
  expect(condition.locked).toBe(false);
  (await condition.acquire()).release();
  await condition.acquire();
  condition.release();
  expect(thrown(() => condition.release())).toMatchObject(notHeld);
});

test('it is one object with one lock, wherever it is sent', async () => {
  const lock = new Lock();
  const condition = new Condition(lock);
  expect(await pool.apply(tasks.echo, [condition])).toBe(condition);
  const back = await pool.apply(tasks.echo, [{ deep: [condition, lock] }]);
  expect(back.deep[0]).toBe(condition);
  expect(back.deep[1]).toBe(lock);
  expect(await pool.apply(tasks.isSame, [condition, condition])).toBe(true);
});

test('producers and consumers in several processes: each thing is consumed once', async () => {
  const condition = new Condition();
  const numbers = new SharedArray('int32', 2);
  const [consumers, each] = [3, 200];
  const sums = Array.from({ length: consumers }, () => pool.apply(tasks.consume, [condition, numbers, each]));
  for (let n = 0; n < consumers * each; n++) {
    condition.runSync(() => {
      Atomics.add(numbers, 0, 1);
      condition.notify();
    });
    if (n % 50 === 0) await sleep(0);
  }
  const total = consumers * each;
  expect((await Promise.all(sums)).reduce((sum, one) => sum + one, 0)).toBe((total * (total - 1)) / 2);
  expect([...numbers]).toEqual([0, total]);
});

describe('waitFor', () => {
  test('goes on when the predicate is true, and gives what it gave', async () => {
    const condition = new Condition();
    let state = '';
    const waiting = condition.run(() => condition.waitFor(() => state));
    for (const next of ['', '', 'ready']) {
      await condition.run(() => {
        state = next;
        condition.notifyAll();
      });
    }
    expect(await waiting).toBe('ready');
    expect(await condition.run(() => condition.waitFor(async () => state))).toBe('ready');
    expect(condition.runSync(() => condition.waitForSync(() => state.length))).toBe(5);
  });

  test('its time-out is that of the whole, and what the predicate throws comes out', async () => {
    const condition = new Condition();
    const nudge = setInterval(() => condition.run(() => condition.notifyAll()), 2);
    const error = await condition.run(() => rejection(condition.waitFor(() => false, { timeout: 30 })));
    clearInterval(nudge);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toContain('Condition.waitFor: timed out after 30 ms');
    const failing = (): never => {
      throw new Error('no idea');
    };
    expect((await condition.run(() => rejection(condition.waitFor(failing)))).message).toBe('no idea');
    condition.runSync(() => {
      expect(thrown(() => condition.waitForSync(failing)).message).toBe('no idea');
      expect(thrown(() => condition.waitForSync(() => 0, { timeout: 3 }))).toBeInstanceOf(TimeoutError);
      expect(thrown(() => condition.waitForSync('x' as never))).toBeInstanceOf(TypeError);
    });
    expect(condition.locked).toBe(false);
  });
});

test('wrong arguments', () => {
  expect(thrown(() => new Condition({} as never))).toBeInstanceOf(TypeError);
  const condition = new Condition();
  condition.runSync(() => {
    for (const count of [0, -1, 1.5])
      expect(thrown(() => condition.notify(count))).toBeInstanceOf(RangeError);
    expect(thrown(() => condition.notify('1' as never))).toBeInstanceOf(TypeError);
  });
});
