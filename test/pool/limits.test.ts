// Time limits, retries and AbortSignals of a pool's calls: what does not yield is stopped with its worker, and nothing else.
import { getEventListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Pool, TaskTimeoutError, WorkerLostError } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';
import { limited } from '../fixtures/pool/limited.mjs';
import { slow } from '../fixtures/pool/slow-module.mjs';
import { until } from '../helpers/until.js';

let pool: Pool;
let folder: string;
let logs = 0;

beforeAll(() => {
  pool = new Pool(2);
  folder = mkdtempSync(join(tmpdir(), 'forkyard-limits-'));
});

afterAll(async () => {
  pool.terminate();
  await pool.join();
  rmSync(folder, { recursive: true });
});

const newLog = (): string => join(folder, `log-${logs++}`);

describe('timeout', () => {
  test('kills and replaces the worker of a function that never returns; the others go on', async () => {
    await until(() => pool.stats().workers.filter(({ state }) => state === 'idle').length === 2);
    const before = pool.stats().workers.map(({ pid }) => pid);
    const others = Array.from({ length: 20 }, (_, ms) => pool.apply(limited.nap, [ms]));
    const error = await rejection(pool.apply(limited.hangForEver, [], { timeout: 100 }));
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(error).toMatchObject({ code: 'ERR_FORKYARD_TASK_TIMEOUT', timeout: 100, item: null });
    expect(error['task']).toMatch(/limited\.mjs#hangForEver$/);
    expect(error.message).toContain('hangForEver has run for more than 100 ms');
    expect(await Promise.all(others)).toEqual(Array.from({ length: 20 }, (_, ms) => ms));
    await until(() => pool.stats().workers.filter(({ state }) => state === 'idle').length === 2);
    const killed = Number(/pid (\d+)/.exec(error.message)?.[1]);
    expect(before).toContain(killed);
    // Its successor may be idle before its end is known.
    await until(() => pool.stats().workers.every(({ pid }) => pid !== killed));
  });

  test('counts for each item of a map, and names the one that took too long', async () => {
    const items = ['a', 'b', 'c', 'd', 'hang', 'e', 'f'];
    const error = await rejection(pool.map(limited.hangAt, items, { chunkSize: 4, timeout: 100 }));
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(error).toMatchObject({ item: 4 });
    expect(error.message).toContain('hangAt for item 4');
    // Many items that together take longer than the limit are no offence.
    const naps = Array.from({ length: 30 }, () => 60);
    await expect(pool.map(limited.nap, naps, { chunkSize: 30, timeout: 1500 })).resolves.toEqual(naps);
  });

  test('counts from the beginning of the task, not from the call', async () => {
    const naps = Array.from({ length: 12 }, () => pool.apply(limited.nap, [400], { timeout: 2000 }));
    await expect(Promise.all(naps)).resolves.toHaveLength(12);
  });

  test('counts anew from each item that a batch says it begins with', async () => {
    await expect(pool.apply(limited.batch, [[1, 2, 3, 4, 5], 400], { timeout: 1500 })).resolves.toBe(5);
    const error = await rejection(pool.apply(limited.batch, [[1, 2, -3, 4], 1], { timeout: 100 }));
    expect(error).toMatchObject({ name: 'TaskTimeoutError' });
  });

  test('ends an imap after the results before it', async () => {
    const results: string[] = [];
    const stream = pool.imap(limited.hangAt, ['a', 'b', 'hang', 'c'], { timeout: 100 });
    const error = await rejection(
      (async () => {
        for await (const result of stream) results.push(result);
      })(),
    );
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(results).toEqual(['a', 'b']);
  });

  test('of an asynchronous task spares the tasks that its worker overlaps with it', async () => {
    await using overlapping = new Pool({ processes: 1, concurrency: 4, taskTimeout: 150 });
    const long = overlapping.apply(limited.nap, [700], { timeout: Infinity });
    const late = overlapping.apply(limited.never);
    const queued = Array.from({ length: 5 }, () => overlapping.apply(limited.nap, [5]));
    expect(await rejection(late)).toBeInstanceOf(TaskTimeoutError);
    await expect(Promise.all(queued)).resolves.toHaveLength(5);
    await expect(long).resolves.toBe(700);
    expect(overlapping.stats()).toMatchObject({ timedOut: 1, lost: 0, restarts: 1 });
  });

  test('of a task that blocks the event loop takes those with it that overlap', async () => {
    await using overlapping = new Pool({ processes: 1, concurrency: 3 });
    const beside = rejection(overlapping.apply(limited.never));
    const hanging = rejection(overlapping.apply(limited.hangForEver, [], { timeout: 100 }));
    expect(await hanging).toBeInstanceOf(TaskTimeoutError);
    expect(await beside).toBeInstanceOf(WorkerLostError);
    await expect(overlapping.apply(limited.nap, [1])).resolves.toBe(1);
  });

  test.each([1, 3])('does not count the first import of a module (concurrency %d)', async (concurrency) => {
    await using fresh = new Pool({ processes: 1, concurrency, taskTimeout: 150 });
    const calls = Array.from({ length: 5 }, (_, n) => fresh.apply(slow['slow.echo'], [n]));
    await expect(Promise.all(calls)).resolves.toEqual([0, 1, 2, 3, 4]);
    expect(fresh.stats()).toMatchObject({ timedOut: 0, restarts: 0 });
    // From then on it counts, in full.
    expect(await rejection(fresh.apply(slow['slow.never']))).toBeInstanceOf(TaskTimeoutError);
  });

  test('does not punish a task whose result has arrived while this process was busy', async () => {
    const call = pool.apply(limited.nap, [20], { timeout: 150 });
    await sleep(5);
    const end = performance.now() + 400;
    while (performance.now() < end);
    await expect(call).resolves.toBe(20);
  });

  test('twenty killed workers leave the pool whole, and its restart budget untouched', async () => {
    await using small = new Pool({ processes: 2, restartBudget: 1 });
    for (let round = 0; round < 10; round++) {
      const calls = Array.from({ length: 2 }, () =>
        rejection(small.apply(limited.hangForEver, [], { timeout: 20 })),
      );
      for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(TaskTimeoutError);
    }
    await expect(small.apply(limited.nap, [1])).resolves.toBe(1);
    expect(small.stats()).toMatchObject({ state: 'open', timedOut: 20, restarts: 20 });
  });
});

describe('retries', () => {
  test('run a task again that threw; the last error is told', async () => {
    await expect(pool.apply(limited.failUntil, [newLog(), 3], { retries: 2 })).resolves.toBe(3);
    const error = await rejection(pool.apply(limited.failUntil, [newLog(), 3], { retries: 1 }));
    expect(error).toMatchObject({ name: 'RangeError', message: 'run 2' });
    const once = newLog();
    await rejection(pool.apply(limited.failUntil, [once, 3]));
    expect(readFileSync(once)).toHaveLength(1);
  });

  test('run a task again whose worker died, or that ran out of time', async () => {
    await expect(pool.apply(limited.dieUntil, [newLog(), 2], { retries: 1 })).resolves.toBe(2);
    await expect(pool.apply(limited.hangUntil, [newLog(), 2], { retries: 1, timeout: 100 })).resolves.toBe(2);
    const log = newLog();
    const error = await rejection(pool.apply(limited.dieUntil, [log, 9], { retries: 2 }));
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(readFileSync(log)).toHaveLength(3);
  });

  test('run only those items of a chunk again that were not done', async () => {
    const log = newLog();
    const items = [1, 2, 3, 4, 5, 6].map((item) => ({ log, item, bad: item % 2 === 0 }));
    const results = await pool.map(limited.noteItem, items, { chunkSize: 6, retries: 1 });
    expect(results).toEqual([1, 2, 3, 4, 5, 6]);
    expect(readFileSync(log, 'utf8').split('\n').slice(0, -1).map(Number)).toEqual([
      1, 2, 2, 3, 4, 4, 5, 6, 6,
    ]);
  });

  test('of the pool hold for calls that say nothing', async () => {
    await using patient = new Pool({ processes: 1, retries: 2 });
    await expect(patient.apply(limited.failUntil, [newLog(), 3])).resolves.toBe(3);
    const error = await rejection(patient.apply(limited.failUntil, [newLog(), 3], { retries: 0 }));
    expect(error.message).toBe('run 1');
    expect(patient.stats()).toMatchObject({ retried: 2, failed: 1, completed: 1 });
  });

  test('give an imap its results in order', async () => {
    const log = newLog();
    const items = [1, 2, 3, 4, 5].map((item) => ({ log, item, bad: item === 2 }));
    const results: number[] = [];
    for await (const result of pool.imap(limited.noteItem, items, { chunkSize: 2, retries: 1 }))
      results.push(result);
    expect(results).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('signal', () => {
  test('rejects with its reason, and ends the worker that runs the task', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const call = pool.apply(limited.hangForEver, [], { signal: controller.signal });
    await until(() => pool.stats().workers.some(({ state }) => state === 'busy'));
    controller.abort(reason);
    expect(await rejection(call)).toBe(reason);
    await expect(pool.map(limited.nap, [1, 1, 1, 1])).resolves.toEqual([1, 1, 1, 1]);
  });

  test('that is aborted already rejects without running anything', async () => {
    const log = newLog();
    const call = pool.apply(limited.failUntil, [log, 0], { signal: AbortSignal.abort() });
    expect((await rejection(call)).name).toBe('AbortError');
    await pool.apply(limited.nap, [1]);
    expect(() => readFileSync(log)).toThrow('ENOENT');
  });

  test('takes a waiting task away and kills nobody', async () => {
    await using small = new Pool(1);
    await small.apply(limited.nap, [1]);
    const log = newLog();
    const controller = new AbortController();
    const running = small.apply(limited.nap, [100]);
    const waiting = [1, 2, 3].map(() =>
      rejection(small.apply(limited.failUntil, [log, 0], { signal: controller.signal })),
    );
    controller.abort();
    for (const error of await Promise.all(waiting)) expect(error.name).toBe('AbortError');
    await expect(running).resolves.toBe(100);
    await small.apply(limited.nap, [1]);
    expect(() => readFileSync(log)).toThrow('ENOENT');
    expect(small.stats()).toMatchObject({ restarts: 0, unsettled: 0 });
  });

  test('ends a map and an imap as a whole', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const map = rejection(
      pool.map(
        limited.nap,
        Array.from({ length: 1000 }, () => 20),
        { signal },
      ),
    );
    const results: number[] = [];
    const imap = rejection(
      (async () => {
        for await (const result of pool.imap(
          limited.nap,
          Array.from({ length: 1000 }, () => 20),
          { signal },
        ))
          results.push(result);
      })(),
    );
    await until(() => results.length > 0);
    controller.abort('stop');
    const caught = await Promise.allSettled([map, imap]);
    expect(caught.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(results.length).toBeLessThan(1000);
    await until(() => pool.stats().unsettled === 0);
    await expect(pool.apply(limited.nap, [1])).resolves.toBe(1);
  });

  test('ends a map whose input is still being read', async () => {
    let closed = false;
    async function* endless() {
      try {
        for (let i = 0; ; i++) {
          await sleep(1);
          yield i;
        }
      } finally {
        closed = true;
      }
    }
    const controller = new AbortController();
    const map = rejection(pool.map(limited.nap, endless(), { signal: controller.signal }));
    await sleep(20);
    controller.abort(new Error('no more'));
    expect((await map).message).toBe('no more');
    await until(() => closed);
  });

  test('keeps no listener after the call', async () => {
    const { signal } = new AbortController();
    await pool.apply(limited.nap, [1], { signal });
    await pool.map(limited.nap, [1, 2], { signal });
    for await (const _ of pool.imap(limited.nap, [1, 2], { signal }));
    const stream = pool.imap(limited.nap, [1, 2], { signal });
    await stream.next();
    await stream.return?.();
    await rejection(pool.apply(limited.failUntil, [newLog(), 5], { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

test('a worker that dies says which item it was at', async () => {
  const error = await rejection(pool.apply(limited.dieIn, [17]));
  expect(error).toMatchObject({ name: 'WorkerLostError', item: 17, signal: 'SIGKILL' });
});

test.each([
  [{ timeout: 0 }, 'ERR_OUT_OF_RANGE', 'timeout'],
  [{ timeout: -5 }, 'ERR_OUT_OF_RANGE', 'timeout'],
  [{ timeout: Number.NaN }, 'ERR_OUT_OF_RANGE', 'timeout'],
  [{ timeout: '5s' }, 'ERR_INVALID_ARG_TYPE', 'timeout'],
  [{ retries: 1.5 }, 'ERR_OUT_OF_RANGE', 'retries'],
  [{ retries: -1 }, 'ERR_OUT_OF_RANGE', 'retries'],
  [{ signal: {} }, 'ERR_INVALID_ARG_TYPE', 'signal'],
  [{ timeuot: 5 }, 'ERR_INVALID_ARG_TYPE', 'timeout'],
  [5, 'ERR_INVALID_ARG_TYPE', 'options'],
])('options %o are refused', async (options, code, named) => {
  const error = await rejection(pool.apply(limited.nap, [1], options as never));
  expect(error).toMatchObject({ code });
  expect(error.message).toContain(named);
});

test('a pool refuses limits that are none', () => {
  expect(() => new Pool({ taskTimeout: 0 })).toThrow(RangeError);
  expect(() => new Pool({ retries: -1 })).toThrow(RangeError);
});
