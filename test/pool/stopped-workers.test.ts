// Workers that a SIGSTOP, a debugger or a busy machine keeps from running: what they have not begun is done by others,
// however much was given to them before, and they are workers again once they go on.
import { afterEach, describe, expect, test } from 'vitest';
import type { Pool } from '../../lib/index.js';
import { mark } from '../conformance/marks.js';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';
import { processInfo } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

const stopped = new Set<number>();
afterEach(() => {
  for (const pid of stopped) goOn(pid);
});

/** A pool of two that are up, and their pids. */
async function open(): Promise<{ pool: Pool; one: number; other: number }> {
  const pool = openPool(2);
  await until(() => pool.stats().workers.every(({ state }) => state === 'idle'), {
    what: () => JSON.stringify(pool.stats()),
  });
  const [one, other] = pool.stats().workers.map(({ pid }) => pid) as [number, number];
  return { pool, one, other };
}

async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  stopped.add(pid);
  await until(() => processInfo(pid)?.state === 'T');
}

function goOn(pid: number): void {
  process.kill(pid, 'SIGCONT');
  stopped.delete(pid);
}

const text = (n: number): string => String(n).padEnd(1024);
const texts = (count: number): string[] => Array.from({ length: count }, (_, n) => text(n));
const echoed = (pool: Pool, values: string[]): Promise<string[]> =>
  Promise.all(values.map((value) => pool.apply(tasks.echo, [value]) as Promise<string>));

/** Both do tasks again. */
async function expectBoth(pool: Pool, pids: number[]): Promise<void> {
  const seen = new Set<number>();
  await until(async () => {
    const found = await Promise.all(Array.from({ length: 4 }, () => pool.apply(tasks.burnPid, [2])));
    for (const pid of found as number[]) seen.add(pid);
    return pids.every((pid) => seen.has(pid));
  });
  expect(pool.stats()).toMatchObject({ unsettled: 0, waiting: 0, lost: 0, restarts: 0 });
}

describe('an idle worker that is stopped', () => {
  test('keeps no single task', async () => {
    const { pool, one, other } = await open();
    await stop(one);
    for (let n = 0; n < 20; n++) expect(await pool.apply(tasks.pid)).toBe(other);
    goOn(one);
    await expectBoth(pool, [one, other]);
  });

  test('keeps none of more tasks than its ring holds, again and again; each is run once', async () => {
    const { pool, one, other } = await open();
    const { path, lines } = mark();
    await stop(one);
    for (let round = 0; round < 5; round++) {
      const values = texts(2000);
      expect(await echoed(pool, values)).toEqual(values);
    }
    await Promise.all(Array.from({ length: 300 }, (_, n) => pool.apply(tasks.note, [path, text(n)])));
    goOn(one);
    await expectBoth(pool, [one, other]);
    expect(lines()).toHaveLength(300);
  });

  test('holds up no map, stream or wide message', async () => {
    const { pool, one, other } = await open();
    await stop(one);
    const values = texts(2000);
    expect(await pool.map(tasks.echo, values)).toEqual(values);
    const streamed: unknown[] = [];
    for await (const value of pool.imap(tasks.echo, values, { chunkSize: 16 })) streamed.push(value);
    expect(streamed).toEqual(values);
    const wide = Array.from({ length: 40 }, (_, n) => text(n).repeat(40));
    expect(await echoed(pool, wide)).toEqual(wide);
    goOn(one);
    await expectBoth(pool, [one, other]);
  });
});

test('a worker whose ring is full of what others have done is given more as soon as it goes on', async () => {
  const { pool, one, other } = await open();
  await stop(one);
  let done = 0;
  const results = texts(6000).map(async (value) => {
    expect(await pool.apply(tasks.echo, [value])).toBe(value);
    done++;
  });
  await until(() => done >= 1000, { intervalMs: 0 });
  await stop(other);
  goOn(one);
  // But for one that the other had begun, and results that it had not told of.
  await until(() => done >= 6000 - 1, { what: () => `${done} done: ${JSON.stringify(pool.stats())}` });
  goOn(other);
  await Promise.all(results);
  await expectBoth(pool, [one, other]);
});

test('all workers stopped: what was submitted meanwhile is done when they go on', async () => {
  const { pool, one, other } = await open();
  await stop(one);
  await stop(other);
  const values = texts(3000);
  const results = echoed(pool, values);
  await until(() => pool.stats().waiting > 0);
  goOn(one);
  expect(await results).toEqual(values);
  goOn(other);
  await expectBoth(pool, [one, other]);
});
