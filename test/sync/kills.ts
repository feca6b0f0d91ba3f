// Owners and waiters killed at random instants, under contention: what must hold after each death, and at the end.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import {
  Barrier,
  type BoundedSemaphore,
  Condition,
  Lock,
  Process,
  type RLock,
  type Semaphore,
  SharedArray,
  Event as SharedEvent,
} from '../../lib/index.js';
import { tasks } from '../fixtures/sync/tasks.mjs';
import { until } from '../helpers/until.js';

const contenders = 4;
/** Far above what a wait for a dead owner takes: a hang is an error, not a slow machine. */
const timeout = 20_000;

type Args = readonly unknown[];

/**
 * Keeps some processes at `target`, kills one after the other, each time after the others got on, and calls `look` after
 * each kill.
 */
async function killAtWork(
  kills: number,
  work: {
    target: (...args: never[]) => unknown;
    args: Args;
    /** Rises while they get on. */
    steps: () => number;
    look: () => Promise<void>;
  },
): Promise<number[]> {
  const start = (): Process => {
    const process = new Process({ target: work.target as () => unknown, args: work.args as never });
    process.start();
    return process;
  };
  const living = Array.from({ length: contenders }, start);
  const joined: Promise<unknown>[] = [];
  const exitCodes: number[] = [];
  const watch = async (process: Process): Promise<void> => {
    await process.join();
    exitCodes.push(process.exitCode as number);
  };
  for (let kill = 0; kill < kills; kill++) {
    const before = work.steps();
    await until(() => work.steps() > before, { timeoutMs: timeout, what: () => `steps after kill ${kill}` });
    await sleep(Math.random() * 4);
    const victim = Math.floor(Math.random() * contenders);
    (living[victim] as Process).kill();
    joined.push(watch(living[victim] as Process));
    living[victim] = start();
    await work.look();
  }
  joined.push(...living.map(watch));
  await finish(work.args, joined);
  return exitCodes;
}

async function finish(args: Args, joined: Promise<unknown>[]): Promise<void> {
  (args[args.length - 1] as SharedEvent).set();
  await Promise.all(joined);
}

export async function killOwnersOfALock(
  kills: number,
  lock: Lock | RLock = new Lock(),
): Promise<{ steps: number; told: number }> {
  const stop = new SharedEvent();
  const numbers = new SharedArray('int32', 5);
  let [mine, looks] = [0, 0];
  const exitCodes = await killAtWork(kills, {
    target: tasks.contend,
    args: [lock, numbers, stop],
    steps: () => numbers[4] as number,
    async look() {
      // Blocked, this thread hears of no death: those who wait find it themselves.
      const guard = looks++ % 2 === 0 ? lock.acquireSync({ timeout }) : await lock.acquire({ timeout });
      if (guard.ownerDied) {
        numbers[1] = numbers[0];
        mine++;
      }
      guard.release();
    },
  });
  const [, , violations, told, steps] = numbers as unknown as number[];
  expect(violations).toBe(0);
  expect(new Set(exitCodes)).toEqual(new Set([0, -9]));
  const guard = lock.acquireSync({ timeout });
  guard.release();
  expect(lock.locked).toBe(false);
  return { steps: steps as number, told: (told as number) + mine };
}

/** Of a `BoundedSemaphore` or a `Semaphore` whose permits have owners: never more are inside than there are permits. */
export async function killOwnersOfPermits(
  kills: number,
  semaphore: BoundedSemaphore | Semaphore,
): Promise<void> {
  const stop = new SharedEvent();
  // How many permits there are, how often there were more inside, steps; then the pids of those inside.
  const numbers = new SharedArray('int32', 3 + 4096);
  numbers[0] = semaphore.value;
  const exitCodes = await killAtWork(kills, {
    target: tasks.enter,
    args: [semaphore, numbers, stop],
    steps: () => numbers[2] as number,
    async look() {
      await semaphore.acquire({ timeout });
      semaphore.release();
      semaphore.acquireSync({ timeout });
      semaphore.release();
    },
  });
  expect(new Set(exitCodes)).toEqual(new Set([0, -9]));
  expect(numbers[1]).toBe(0);
  expect(semaphore.value).toBe(numbers[0]);
}

export async function killAtACondition(kills: number): Promise<number> {
  const condition = new Condition();
  const stop = new SharedEvent();
  const rounds = new SharedArray('int32', 1);
  const exitCodes = await killAtWork(kills, {
    target: tasks.confer,
    args: [condition, rounds, stop],
    steps: () => rounds[0] as number,
    async look() {
      condition.runSync(() => condition.notifyAll(), { timeout });
      await condition.run(() => condition.notify(), { timeout });
    },
  });
  expect(new Set(exitCodes)).toEqual(new Set([0, -9]));
  expect(condition.locked).toBe(false);
  // Nobody is left that a notification could go to: the next that waits has the next one.
  const waiting = condition.run(() => condition.wait({ timeout }));
  await condition.run(() => condition.notify());
  expect(await waiting).toBe(true);
  return rounds[0] as number;
}

export async function killAtABarrier(kills: number): Promise<number> {
  const barrier = new Barrier(3);
  const stop = new SharedEvent();
  const rounds = new SharedArray('int32', 1);
  const exitCodes = await killAtWork(kills, {
    target: tasks.gather,
    args: [barrier, rounds, stop],
    steps: () => rounds[0] as number,
    look: async () => {},
  });
  expect(new Set(exitCodes)).toEqual(new Set([0, -9]));
  barrier.reset();
  expect(await Promise.all([barrier.wait(), barrier.wait(), barrier.wait()])).toEqual([0, 1, 2]);
  return rounds[0] as number;
}

export async function killWaitersOfAnEvent(kills: number): Promise<number> {
  const event = new SharedEvent();
  const stop = new SharedEvent();
  const rounds = new SharedArray('int32', 1);
  const exitCodes = await killAtWork(kills, {
    target: tasks.follow,
    args: [event, rounds, stop],
    steps() {
      event.set();
      event.clear();
      return rounds[0] as number;
    },
    look: async () => event.set(),
  });
  expect(new Set(exitCodes)).toEqual(new Set([0, -9]));
  return rounds[0] as number;
}
