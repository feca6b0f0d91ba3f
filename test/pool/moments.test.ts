// Calls that are made, cancelled or ended at inconvenient moments: from inside of an input, between two microtasks, when
// the result is there already. Nothing stays pending, and the pool goes on at full width.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokenPoolError, Pool, TaskTimeoutError } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { limited, thenables } from '../fixtures/pool/limited.mjs';
import { until } from '../helpers/until.js';

let pool: Pool;
beforeAll(() => {
  pool = new Pool(2);
});
afterAll(() => pool[Symbol.asyncDispose]());

const { nap } = limited;
const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const values: T[] = [];
  for await (const value of source) values.push(value);
  return values;
};

describe('an input that uses the pool that reads it', () => {
  test('may call it: its items keep their order', async () => {
    const inner: Promise<unknown>[] = [];
    function* items() {
      for (let i = 0; i < 20; i++) {
        inner.push(pool.map(nap, [i]), collect(pool.imap(nap, [i])));
        yield i;
      }
    }
    const expected = Array.from({ length: 20 }, (_, i) => i);
    expect(await collect(pool.imap(nap, items()))).toEqual(expected);
    expect(await Promise.all(inner)).toHaveLength(40);
  });

  test('may cancel what the worker runs that its item was meant for', async () => {
    await using single = new Pool({ processes: 1, concurrency: 2 });
    await single.apply(nap, [1]);
    const controller = new AbortController();
    const running = rejection(single.apply(limited.never, [], { signal: controller.signal }));
    function* items() {
      controller.abort(new Error('from inside'));
      yield 1;
      yield 2;
    }
    expect(await collect(single.imap(nap, items()))).toEqual([1, 2]);
    expect((await running).message).toBe('from inside');
    await expect(Promise.all([3, 4, 5, 6].map((ms) => single.apply(nap, [ms])))).resolves.toEqual([
      3, 4, 5, 6,
    ]);
  });

  test('may end it', async () => {
    const ended = new Pool(1);
    function* items() {
      yield 1;
      ended.terminate();
      yield 2;
    }
    expect(await rejection(collect(ended.imap(nap, items())))).toBeInstanceOf(BrokenPoolError);
    await ended.join();
    expect(ended.stats().unsettled).toBe(0);
  });
});

describe('between the end of an asynchronous input and the first task', () => {
  const microtasks = [0, 1, 2, 3, 4, 5, 6];

  test.each(microtasks)('terminate(), %d microtasks later: the map rejects', async (count) => {
    const ended = new Pool(1);
    async function* items() {
      yield 1;
      void (async () => {
        for (let n = 0; n < count; n++) await Promise.resolve();
        ended.terminate();
      })();
    }
    const outcome = await Promise.allSettled([ended.map(nap, items())]);
    expect(outcome[0]).toMatchObject({
      status: 'rejected',
      reason: { code: 'ERR_FORKYARD_POOL_TERMINATED' },
    });
    await ended.join();
    expect(ended.stats().unsettled).toBe(0);
  });

  test.each(microtasks)('an abort, %d microtasks later, is not missed', async (count) => {
    const controller = new AbortController();
    async function* items() {
      yield 60_000;
      void (async () => {
        for (let n = 0; n < count; n++) await Promise.resolve();
        controller.abort(new Error('enough'));
      })();
    }
    const map = pool.map(nap, items(), { signal: controller.signal });
    expect((await rejection(map)).message).toBe('enough');
  });

  test('an abort from a synchronous input that is being read is not missed', async () => {
    const controller = new AbortController();
    function* items() {
      yield 60_000;
      controller.abort(new Error('enough'));
    }
    const map = pool.map(nap, items(), { signal: controller.signal });
    expect((await rejection(map)).message).toBe('enough');
  });
});

describe('a cancelled call', () => {
  test('whose result has arrived is done, and no worker is ended for it', async () => {
    await using single = new Pool(1);
    // A worker counts a task after it has sent the result: after the second, the first with its import is counted.
    for (let n = 0; n < 2; n++) await single.apply(nap, [1]);
    const busyMs = (): number => single.stats().workers[0]?.busyMs ?? 0;
    let before = -1;
    const isCounted = (): boolean => {
      const last = before;
      before = busyMs();
      return before === last;
    };
    await until(isCounted, { intervalMs: 50 });
    const controller = new AbortController();
    const call = single.apply(nap, [50], { signal: controller.signal });
    // The worker is woken in a microtask.
    await Promise.resolve();
    // Without a turn of the event loop: the result lies in the ring, unread. No watchdog of the suite ends such a loop.
    const deadline = performance.now() + 30_000;
    while (busyMs() < before + 25 && performance.now() < deadline);
    controller.abort();
    await expect(call).resolves.toBe(50);
    expect(single.stats().restarts).toBe(0);
  });

  test('rejects with the reason, though a task of it failed before', async () => {
    const { failed } = pool.stats();
    const controller = new AbortController();
    const { path: file } = mark();
    // Had the other one not begun, it would be left, and the map be over.
    const items = [false, true].map((hangs) => ({ file, hangs }));
    const map = rejection(pool.map(limited.hangOrThrow, items, { chunkSize: 1, signal: controller.signal }));
    await until(() => pool.stats().failed > failed);
    controller.abort(new Error('the reason'));
    expect((await map).message).toBe('the reason');
  });

  test('a signal serves many calls without a warning', async () => {
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const listener = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listener);
    await Promise.all(Array.from({ length: 40 }, () => pool.apply(nap, [1], { signal })));
    await sleep(10);
    process.off('warning', listener);
    expect(warnings).toEqual([]);
  });
});

describe('a result that looks like a promise', () => {
  test('and answers twice: the second answer is nobody’s', async () => {
    await using single = new Pool(1);
    for (let round = 0; round < 5; round++) {
      await expect(single.apply(thenables['thenables.twice'])).resolves.toBe('first');
      await expect(single.apply(nap, [3])).resolves.toBe(3);
    }
  });

  test('and throws when it is asked: the task fails, the worker lives', async () => {
    await using single = new Pool(1);
    for (let round = 0; round < 3; round++) {
      const error = await rejection(single.apply(thenables['thenables.badGetter']));
      expect(error).toMatchObject({ name: 'RangeError', message: 'no then' });
    }
    expect(single.stats().restarts).toBe(0);
  });
});

test('a short task is settled while a long one behind it in the same worker goes on', async () => {
  await using single = new Pool({ processes: 1, spin: 0 });
  const spin = thenables['thenables.spin'];
  for (let n = 0; n < 30; n++) await single.apply(spin, [0.1]);
  const order: string[] = [];
  const gate = mark();
  const short = single.apply(spin, [0.1]).then(() => order.push('short'));
  const long = single.apply(spin, [Infinity, gate.path]).then(() => order.push('long'));
  await short;
  expect(order).toEqual(['short']);
  expect(single.stats().workers[0]?.state).toBe('busy');
  gate.open();
  await long;
});

test('an item that hangs among others that overlap with it is out of time', async () => {
  await using overlapping = new Pool({ processes: 1, concurrency: 2 });
  const items = [60_000, ...Array.from({ length: 60 }, () => 20)];
  const error = await rejection(overlapping.map(nap, items, { chunkSize: items.length, timeout: 150 }));
  expect(error).toBeInstanceOf(TaskTimeoutError);
  expect(error).toMatchObject({ item: 0 });
});
