// Workers that die: busy, idle, while they start, all at once, again and again. Only what a worker had begun is lost, it
// is rejected with all that is known, and the pool goes on until its budget is used up.
import { describe, expect, test } from 'vitest';
import { BrokenPoolError, type Pool, WorkerLostError } from '../../lib/index.js';
import { drained, expectClear, rejection } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { manyBurns } from '../fixtures/pool/many-tasks.mjs';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';
import { processesOf, processInfo, workersOf } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

const pidsOf = (pool: Pool) => pool.stats().workers.map(({ pid }) => pid);

/** All workers have come up and have nothing to do. */
async function idle(pool: Pool): Promise<number[]> {
  await until(() => pool.stats().workers.every(({ state }) => state === 'idle'), {
    what: () => JSON.stringify(pool.stats()),
  });
  return pidsOf(pool) as number[];
}

async function expectWorking(pool: Pool, workers = 2): Promise<void> {
  expect(await pool.map(tasks.square, [1, 2, 3, 4], { chunkSize: 1 })).toEqual([1, 4, 9, 16]);
  await idle(pool);
  expect(pool.stats()).toMatchObject({ state: 'open', unsettled: 0, waiting: 0 });
  expect(pidsOf(pool)).toHaveLength(workers);
}

describe('a worker that is killed', () => {
  // What it is told of a task may be taken back from it while tasks of that kind are still its own.
  test('takes one task with it, however many kinds of tasks it is given', async () => {
    const pool = openPool({ processes: 2, restartBudget: 1e9 });
    const burns = Object.values(manyBurns);
    const lostBy = new Map<number, number>();
    let begun = 0;
    let pending = 0;
    const burn = async () => {
      pending++;
      const run = burns[Math.floor(Math.random() * burns.length)] as (ms: number) => void;
      const outcome = await pool
        .apply(run, [Math.random() < 0.05 ? 4 : Math.random() / 3])
        .catch((error) => error);
      if (outcome instanceof WorkerLostError)
        lostBy.set(outcome.pid as number, (lostBy.get(outcome.pid as number) ?? 0) + 1);
      else if (outcome !== undefined) throw outcome;
      pending--;
    };
    const burnings: Promise<void>[] = [];
    for (let kills = 0; kills < 60; ) {
      for (; pending < 40; begun++) burnings.push(burn());
      await new Promise((resolve) => setTimeout(resolve, 1));
      const busy = pool.stats().workers.filter(({ state }) => state === 'busy');
      if (busy.length < 2 || begun < 100 * kills) continue;
      process.kill(busy[kills++ % 2]?.pid as number, 'SIGKILL');
    }
    await Promise.all(burnings);
    expect(lostBy.size).toBeGreaterThan(0);
    expect([...lostBy].filter(([, tasks]) => tasks > 1)).toEqual([]);
  });

  test('while it is busy: its task rejects with everything that is known, the others are done', async () => {
    const pool = openPool(2);
    await idle(pool);
    const mine = mark();
    const lost = rejection(pool.apply(tasks.spin, [mine.path]));
    const others = Promise.all(Array.from({ length: 50 }, (_, n) => pool.apply(tasks.later, [n, 1])));
    const [pid] = (await mine.reached()).map(Number) as [number];
    process.kill(pid, 'SIGKILL');
    const error = await lost;
    expectClear(error, {
      class: WorkerLostError,
      code: 'ERR_FORKYARD_WORKER_LOST',
      says: [String(pid), 'SIGKILL', 'spin'],
    });
    expect(error).toMatchObject({ pid, exitCode: -9, signal: 'SIGKILL' });
    expect(error['task']).toMatch(/fixtures\/pool\/tasks\.mjs#spin$/);
    expect(await others).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(mine.lines()).toHaveLength(1);
    await expectWorking(pool);
    expect(pool.stats()).toMatchObject({ lost: 1, restarts: 1 });
    expect(pidsOf(pool)).not.toContain(pid);
  });

  test('while it is idle: no task is lost, and it is replaced', async () => {
    const pool = openPool(2);
    const [first] = await idle(pool);
    process.kill(first as number, 'SIGKILL');
    await until(() => !pidsOf(pool).includes(first as number));
    await expectWorking(pool);
    expect(pool.stats()).toMatchObject({ lost: 0, restarts: 1, failed: 0 });
  });

  test('while it starts', async () => {
    // The other start method leaves no time for it; there the soak strikes.
    const [begun, gate] = [mark(), mark()];
    const initializer = tasks.until;
    const initargs = [begun.path, gate.path];
    const pool = openPool({ processes: 2, startMethod: 'spawn', initializer, initargs });
    const pending = pool.map(tasks.square, [1, 2, 3, 4, 5, 6]);
    const victims = await until(() => {
      const pids = processesOf(process.pid).filter(({ commandLine }) =>
        commandLine.includes('entry/child.js'),
      );
      return pids.length === 2 ? pids : undefined;
    });
    for (const { pid } of victims) process.kill(pid, 'SIGKILL');
    gate.open();
    expect(await pending).toEqual([1, 4, 9, 16, 25, 36]);
    await expectWorking(pool);
    expect(pool.stats()).toMatchObject({ lost: 0 });
  });

  test.each(['SIGTERM', 'SIGSEGV', 'SIGABRT'] as const)('by %s', async (signal) => {
    const pool = openPool(1);
    const error = await rejection(pool.apply(tasks.killSelf, [signal]));
    expect(error).toMatchObject({ name: 'WorkerLostError', signal });
    await expectWorking(pool, 1);
  });

  test('after it was stopped', async () => {
    const pool = openPool(2);
    await idle(pool);
    const mine = mark();
    const lost = rejection(pool.apply(tasks.spin, [mine.path]));
    const [pid] = (await mine.reached()).map(Number) as [number];
    process.kill(pid, 'SIGSTOP');
    await until(() => processInfo(pid)?.state === 'T');
    expect(await pool.apply(tasks.square, [5])).toBe(25);
    process.kill(pid, 'SIGKILL');
    expect(await lost).toMatchObject({ name: 'WorkerLostError', pid, signal: 'SIGKILL' });
    await expectWorking(pool);
  });

  test('in the midst of a map or a stream: the error says so, what came before is delivered', async () => {
    const pool = openPool(1);
    const map = rejection(pool.map(tasks.dieIf, ['a', 'poison', 'b'], { chunkSize: 1 }));
    expect(await map).toMatchObject({ name: 'WorkerLostError', signal: 'SIGKILL' });
    const { values, error } = await drained(pool.imap(tasks.dieIf, ['a', 'b', 'poison', 'c']));
    expect(values).toEqual(['a', 'b']);
    expect(error).toBeInstanceOf(WorkerLostError);
    await expectWorking(pool, 1);
  });
});

describe('all workers killed at once', () => {
  test('with hundreds of tasks pending: at most the begun ones are lost, no other, and none is run twice', async () => {
    const pool = openPool(2);
    await idle(pool);
    const { path, lines } = mark();
    const outcomes = Promise.allSettled(
      Array.from({ length: 400 }, (_, n) => pool.apply(tasks.note, [path, n])),
    );
    const pids = pidsOf(pool) as number[];
    await until(() => lines().length >= 5);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    const settled = await outcomes;
    const lost = settled.filter(({ status }) => status === 'rejected');
    expect(lost.length).toBeLessThanOrEqual(2);
    for (const outcome of lost)
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(WorkerLostError);
    settled.forEach((outcome, n) => {
      if (outcome.status === 'fulfilled') expect(outcome.value).toBe(n);
    });
    const ran = lines().map(Number);
    expect(new Set(ran).size).toBe(ran.length);
    await expectWorking(pool);
  });

  test('while all are idle', async () => {
    const pool = openPool(3);
    const pids = await idle(pool);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(() => pidsOf(pool).every((pid) => !pids.includes(pid as number)));
    await expectWorking(pool, 3);
    expect(pool.stats()).toMatchObject({ restarts: 3, lost: 0 });
  });

  test('with several tasks at a time in each: no more than these are lost', async () => {
    const pool = openPool({ processes: 2, concurrency: 3 });
    await idle(pool);
    const mine = mark();
    const gate = mark();
    const outcomes = Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => pool.apply(tasks.until, [mine.path, gate.path, n])),
    );
    await mine.reached(6);
    for (const pid of pidsOf(pool)) process.kill(pid as number, 'SIGKILL');
    gate.open();
    const settled = await outcomes;
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(6);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(14);
    await expectWorking(pool);
  });
});

describe('a task that kills its worker', () => {
  test.each([
    ['exit', [7], { exitCode: 7, signal: null }],
    ['exit', [0], { exitCode: 0, signal: null }],
    ['exitLater', [9], { exitCode: 9, signal: null }],
    ['uncaught', [], { exitCode: 1, signal: null }],
    ['killSelf', ['SIGKILL'], { exitCode: -9, signal: 'SIGKILL' }],
  ] as const)('%s%o', async (name, args, expected) => {
    const pool = openPool(1);
    const error = await rejection(pool.apply(tasks[name] as never, args as never));
    expect(error).toMatchObject({ name: 'WorkerLostError', code: 'ERR_FORKYARD_WORKER_LOST', ...expected });
    await expectWorking(pool, 1);
  });

  test('after its result: the result is delivered', async () => {
    const pool = openPool(1);
    for (let n = 0; n < 5; n++) expect(await pool.apply(tasks.finishAndDie, [n])).toBe(n);
    await expectWorking(pool, 1);
    expect(pool.stats().lost).toBe(0);
  });

  test('always: it alone is blamed, each time, and good tasks between go on', async () => {
    const pool = openPool(2);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, (_, n) => pool.apply(tasks.dieIf, [n % 10 === 5 ? 'poison' : n])),
    );
    outcomes.forEach((outcome, n) => {
      if (n % 10 === 5)
        expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'WorkerLostError' } });
      else expect(outcome).toEqual({ status: 'fulfilled', value: n });
    });
    await expectWorking(pool);
    expect(pool.stats()).toMatchObject({ lost: 6, restarts: 6 });
  });
});

describe('restartBudget', () => {
  test('used up: the pool says so, and everything settles', async () => {
    const pool = openPool({ processes: 1, restartBudget: 3 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => pool.apply(tasks.killSelf, ['SIGKILL'])),
    );
    const reasons = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason);
    const lost = reasons.filter((reason) => reason instanceof WorkerLostError);
    const broken = reasons.filter((reason) => reason instanceof BrokenPoolError);
    expect(lost.length + broken.length).toBe(10);
    expect(lost.length).toBeGreaterThanOrEqual(3);
    expect(lost.length).toBeLessThanOrEqual(4);
    expectClear(broken[0], {
      class: BrokenPoolError,
      code: 'ERR_FORKYARD_BROKEN_POOL',
      says: [/restart|worker/i, 'SIGKILL'],
    });
    expect(pool.stats()).toMatchObject({ state: 'broken', unsettled: 0 });
    expect(await rejection(pool.apply(tasks.square, [2]))).toBeInstanceOf(BrokenPoolError);
    expect(await rejection(pool.map(tasks.square, [2]))).toBeInstanceOf(BrokenPoolError);
    expect(() => pool.imap(tasks.square, [2])).toThrow(BrokenPoolError);
    pool.terminate();
    await pool.join();
  });

  test('counts deaths in a row: a result in between starts anew', async () => {
    const pool = openPool({ processes: 1, restartBudget: 2 });
    for (let n = 0; n < 5; n++) {
      expect(await rejection(pool.apply(tasks.exit, [1]))).toBeInstanceOf(WorkerLostError);
      expect(await pool.apply(tasks.square, [n])).toBe(n * n);
    }
    await expectWorking(pool, 1);
  });

  test('a broken pool can be closed and joined, and leaves no worker', async () => {
    const pool = openPool({ processes: 2, restartBudget: 1 });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => pool.apply(tasks.exit, [1])));
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    await until(() => pool.stats().state === 'broken');
    pool.close();
    await pool.join();
    // One may wait to be reaped by its server; a copy that was just made has no name yet.
    await until(() => workersOf(process.pid).length === 0);
  });
});

test('a worker that dies while the pool closes: what is pending settles, and join resolves', async () => {
  const pool = openPool(2);
  const outcomes = Promise.allSettled([
    pool.apply(tasks.exitLater, [3]),
    ...Array.from({ length: 20 }, (_, n) => pool.apply(tasks.square, [n])),
    pool.apply(tasks.killSelf, ['SIGKILL']),
  ]);
  pool.close();
  await pool.join();
  const settled = await outcomes;
  expect(settled[0]).toMatchObject({ status: 'rejected', reason: { name: 'WorkerLostError', exitCode: 3 } });
  expect(settled[21]).toMatchObject({
    status: 'rejected',
    reason: { name: 'WorkerLostError', signal: 'SIGKILL' },
  });
  expect(settled.slice(1, 21)).toEqual(
    Array.from({ length: 20 }, (_, n) => ({ status: 'fulfilled', value: n * n })),
  );
});
