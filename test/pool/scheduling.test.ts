// Where workers run and how: processors in all four forms, priority, environment, names; as the kernel sees it.
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Pool, PoolOptions } from '../../lib/index.js';
import { getAffinity, getScheduler } from '../../lib/system.js';
import { rejection } from '../conformance/caught.js';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';
import { until } from '../helpers/until.js';

const allowed = getAffinity(0);
const first = allowed[0] as number;
const last = allowed[allowed.length - 1] as number;

/** The pids of its workers, in their order, when all are up. */
async function open(options: PoolOptions): Promise<{ pool: Pool; pids: () => number[] }> {
  const pool = openPool(options);
  await ready(pool);
  return { pool, pids: () => pool.stats().workers.map(({ pid }) => pid as number) };
}

async function ready(pool: Pool): Promise<void> {
  await until(() => pool.stats().workers.every(({ state }) => state === 'idle'), {
    what: () => JSON.stringify(pool.stats()),
  });
}

/** What the kernel lets each thread of the process run on; all must agree. */
function cpusOf(pid: number): number[] {
  const lists = readdirSync(`/proc/${pid}/task`).map((thread) => statusOf(pid, thread));
  expect(lists.length).toBeGreaterThan(0);
  expect(new Set(lists).size).toBe(1);
  return (lists[0] as string).split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number) as [number, number?];
    return Array.from({ length: to - from + 1 }, (_, n) => from + n);
  });
}

function statusOf(pid: number, thread: string): string {
  return readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8').match(
    /^Cpus_allowed_list:\t(.*)$/m,
  )?.[1] as string;
}

describe('cpus', () => {
  test('one list for all workers', async () => {
    const { pids } = await open({ processes: 2, cpus: [last] });
    for (const pid of pids()) expect(cpusOf(pid)).toEqual([last]);
    const all = await open({ processes: 2, cpus: allowed });
    for (const pid of all.pids()) expect(cpusOf(pid)).toEqual(allowed);
  });

  test('one list for each worker, kept by replacements', async () => {
    const { pool, pids } = await open({ processes: 3, cpus: [[last], [first], allowed] });
    expect(pids().map(cpusOf)).toEqual([[last], [first], allowed]);
    const before = pids();
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await until(() => pids().every((pid) => pid !== null && !before.includes(pid)));
    await ready(pool);
    // In whichever order they came back.
    expect(pids().map(cpusOf).map(String).sort()).toEqual([[last], [first], allowed].map(String).sort());
  });

  test.each(['spread', 'compact'] as const)(
    '%s: one processor each, all of them used, begun again after the last',
    async (cpus) => {
      const processes = allowed.length + 1;
      const { pids } = await open({ processes, cpus });
      const found = pids().map(cpusOf);
      for (const list of found) expect(list).toHaveLength(1);
      expect(
        found
          .slice(0, -1)
          .flat()
          .sort((a, b) => a - b),
      ).toEqual(allowed);
      expect(found[processes - 1]).toEqual(found[0]);
    },
  );

  test('none: those of this process', async () => {
    const { pids } = await open({ processes: 1 });
    expect(pids().map(cpusOf)).toEqual([allowed]);
  });

  test('are set before the initializer and the module of a task', async () => {
    const { pool } = await open({ processes: 1, cpus: [last] });
    expect(await pool.apply(tasks.affinity)).toBe(String(last));
  });
});

test('priority, of every thread, kept by replacements', async () => {
  const nicer = getPriority() + 7;
  const { pool, pids } = await open({ processes: 2, priority: nicer });
  for (const pid of pids()) expect(niceOf(pid)).toEqual([nicer]);
  expect(await pool.apply(tasks.nice)).toBe(nicer);
  await rejection(pool.apply(tasks.exit, [1]));
  await pool.map(tasks.square, [1, 2, 3, 4], { chunkSize: 1 });
  await ready(pool);
  for (const pid of pids()) expect(niceOf(pid)).toEqual([nicer]);
});

test('scheduler', async () => {
  const { pids } = await open({
    processes: 1,
    scheduler: 'batch',
    priority: getPriority() + 1,
    cpus: [first],
  });
  for (const pid of pids()) {
    expect(getScheduler(pid)).toEqual({ policy: 'batch', priority: 0 });
    expect(niceOf(pid)).toEqual([getPriority() + 1]);
    expect(cpusOf(pid)).toEqual([first]);
  }
});

test('env: the whole environment of the workers', async () => {
  const { pool } = await open({ processes: 1, env: { PATH: '/usr/bin', ONLY: 'this' } });
  expect(await pool.apply(tasks.environment)).toEqual({ PATH: '/usr/bin', ONLY: 'this' });
});

test('names count up', async () => {
  const { pool } = await open({ processes: 2, name: 'Miller' });
  expect(pool.stats().workers.map(({ name }) => name)).toEqual(['Miller-1', 'Miller-2']);
  expect(await pool.apply(tasks.name)).toMatch(/^Miller-[12]$/);
  const other = await open({ processes: 1 });
  expect(await other.pool.apply(tasks.name)).toMatch(/Pool.*-1$/);
});

function niceOf(pid: number): number[] {
  const values = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
  return [...new Set(values)];
}
