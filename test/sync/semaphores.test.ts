// Semaphore and BoundedSemaphore: so many at a time; whose permits come back when their owners die.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BoundedSemaphore,
  ForkyardError,
  Pool,
  Process,
  Semaphore,
  semaphoreValueMax,
  TimeoutError,
} from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { tasks } from '../fixtures/sync/tasks.mjs';

let pool: Pool;
beforeAll(() => {
  pool = new Pool(2);
});
afterAll(() => pool[Symbol.asyncDispose]());

async function killTaker(semaphore: Semaphore | BoundedSemaphore, times: number): Promise<void> {
  const { path, reached } = mark();
  const process = new Process({ target: tasks.takeAndHang, args: [semaphore, times, path] });
  process.start();
  await reached();
  process.kill();
  await process.join();
}

describe('Semaphore', () => {
  test('counts down to nothing, and up beyond its first value', async () => {
    const semaphore = new Semaphore(2);
    expect(semaphore.value).toBe(2);
    semaphore.acquireSync();
    await semaphore.acquire();
    expect([semaphore.value, semaphore.tryAcquire()]).toEqual([0, false]);
    expect(thrown(() => semaphore.acquireSync({ timeout: 5 }))).toBeInstanceOf(TimeoutError);
    expect(await rejection(semaphore.acquire({ timeout: 5 }))).toBeInstanceOf(TimeoutError);
    semaphore.release();
    semaphore.release(3);
    expect(semaphore.value).toBe(4);
    expect(new Semaphore().value).toBe(1);
    expect(new Semaphore(0).tryAcquire()).toBe(false);
  });

  test('is taken here and given there, one for one', async () => {
    const semaphore = new Semaphore(0);
    const takers = [1, 2].map(() => pool.apply(tasks.take, [semaphore, 2000]));
    for (let n = 0; n < 4000; n++) semaphore.release();
    await Promise.all(takers);
    expect(semaphore.value).toBe(0);
    const waiting = Array.from({ length: 500 }, () => semaphore.acquire());
    await pool.apply(tasks.give, [semaphore, 500]);
    await Promise.all(waiting);
    expect(semaphore.value).toBe(0);
  });

  test('lets several go on by one release', async () => {
    const semaphore = new Semaphore(0);
    const waiting = Promise.all([1, 2, 3].map(() => semaphore.acquire()));
    semaphore.release(3);
    await waiting;
    expect(semaphore.value).toBe(0);
  });

  test('that gives several at once wakes as many, also those who have waited for long', async () => {
    const semaphore = new Semaphore(0);
    const takers = [1, 2].map(() => pool.apply(tasks.take, [semaphore, 20]));
    const mine = Array.from({ length: 20 }, () => semaphore.acquire());
    for (let round = 0; round < 12; round++) {
      await new Promise((resolve) => setTimeout(resolve, 3));
      semaphore.release(5);
    }
    await Promise.all([...takers, ...mine]);
    expect(semaphore.value).toBe(0);
  });

  test('does not give back what a dead process took: it may have used it', async () => {
    const semaphore = new Semaphore(3);
    await killTaker(semaphore, 2);
    expect(semaphore.value).toBe(1);
  });

  test('refuses what is no value', () => {
    for (const value of [-1, 0.5, Number.NaN, 2 ** 31]) {
      expect(thrown(() => new Semaphore(value))).toBeInstanceOf(RangeError);
    }
    expect(thrown(() => new Semaphore('1' as never))).toBeInstanceOf(TypeError);
    const semaphore = new Semaphore(semaphoreValueMax);
    expect(thrown(() => semaphore.release())).toBeInstanceOf(RangeError);
    expect(thrown(() => semaphore.release(0))).toBeInstanceOf(RangeError);
    expect(semaphore.value).toBe(semaphoreValueMax);
  });
});

describe('BoundedSemaphore', () => {
  test('gives as many as it has, and takes back no more', async () => {
    const semaphore = new BoundedSemaphore(2);
    const [first, second] = [semaphore.acquireSync(), await semaphore.acquire()];
    expect([semaphore.value, semaphore.tryAcquire()]).toEqual([0, undefined]);
    second.release();
    expect(thrown(() => second.release())).toMatchObject({ code: 'ERR_FORKYARD_NOT_HELD' });
    first.release();
    expect(semaphore.value).toBe(2);
    expectClear(
      thrown(() => semaphore.release()),
      { class: ForkyardError, code: 'ERR_FORKYARD_NOT_HELD', says: ['all 2 permits'] },
    );
    expect(await semaphore.run(() => semaphore.value)).toBe(1);
    expect(semaphore.runSync(() => semaphore.value)).toBe(1);
    expect(semaphore.value).toBe(2);
  });

  test('may be released by another process, as in Python', async () => {
    const semaphore = new BoundedSemaphore(2);
    semaphore.acquireSync();
    semaphore.acquireSync();
    expect(await pool.apply(tasks.give, [semaphore, 1])).toBe(1);
    semaphore.release();
    expect(semaphore.value).toBe(2);
    expect(thrown(() => semaphore.release())).toMatchObject({ code: 'ERR_FORKYARD_NOT_HELD' });
  });

  test('gets the permits of the dead back, and says so once for each', async () => {
    const semaphore = new BoundedSemaphore(3);
    const mine = semaphore.acquireSync();
    await killTaker(semaphore, 2);
    expect(semaphore.value).toBe(2);
    const guards = [semaphore.acquireSync(), await semaphore.acquire()];
    expect(guards.map(({ ownerDied }) => ownerDied)).toEqual([true, true]);
    for (const guard of [mine, ...guards]) guard.release();
    expect(semaphore.acquireSync().ownerDied).toBe(false);
  });

  test('refuses what is no number of permits', () => {
    for (const value of [0, -1, 1.5, 65_537]) {
      expect(thrown(() => new BoundedSemaphore(value))).toBeInstanceOf(RangeError);
    }
    expect(thrown(() => new BoundedSemaphore({} as never))).toBeInstanceOf(TypeError);
  });
});

describe('Semaphore with owners', () => {
  test('counts as any other, also elsewhere, and beyond its first value', async () => {
    for (const [value, most] of [
      [2, 1024],
      [600, 1200],
    ] as const) {
      const semaphore = new Semaphore(value, { owned: true });
      expect(await pool.apply(tasks.take, [semaphore, 2])).toBe(value - 2);
      // By a process that has none: so these are new ones.
      semaphore.release(3);
      expect(semaphore.value).toBe(value + 1);
      semaphore.release(most - value - 3);
      expect(semaphore.value).toBe(most - 2);
      expect(thrown(() => semaphore.release())).toBeInstanceOf(RangeError);
      expect(semaphore.value).toBe(most - 2);
    }
  });

  test('gives back what it holds itself before it makes new ones', () => {
    const semaphore = new Semaphore(1, { owned: true });
    semaphore.acquireSync();
    expect([semaphore.value, semaphore.tryAcquire()]).toEqual([0, false]);
    semaphore.release(3);
    expect(semaphore.value).toBe(3);
    expect(thrown(() => semaphore.release(2000))).toBeInstanceOf(RangeError);
    expect(semaphore.value).toBe(3);
  });

  test('has the permits of the dead again; one without owners has not', async () => {
    const [owned, plain] = [new Semaphore(3, { owned: true }), new Semaphore(3)];
    await Promise.all([killTaker(owned, 2), killTaker(plain, 2)]);
    expect([owned.value, plain.value]).toEqual([3, 1]);
  });

  test('wrong options', () => {
    expect(thrown(() => new Semaphore(1, { owned: 1 } as never))).toBeInstanceOf(TypeError);
    expect(thrown(() => new Semaphore(1, { owner: true } as never)).message).toContain("'owned'");
    expect(thrown(() => new Semaphore(1, true as never))).toBeInstanceOf(TypeError);
    expect(thrown(() => new Semaphore(65_537, { owned: true }))).toBeInstanceOf(RangeError);
  });
});
