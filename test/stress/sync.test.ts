// FORKYARD_STRESS_KILLS (default 1000) processes killed at random instants while they own, wait at, or leave one of sync/.
import { expect, test } from 'vitest';
import { BoundedSemaphore, RLock, Semaphore } from '../../lib/index.js';
import {
  killAtABarrier,
  killAtACondition,
  killOwnersOfALock,
  killOwnersOfPermits,
  killWaitersOfAnEvent,
} from '../sync/kills.js';

const kills = Number(process.env.FORKYARD_STRESS_KILLS ?? 1000);

test(`${kills} killed at a lock`, async () => {
  const { steps, told } = await killOwnersOfALock(kills);
  console.log(`${kills} kills, ${steps} critical sections, ${told} successors told of a dead owner`);
  expect(told).toBeGreaterThan(0);
});

test(`${kills} killed at an RLock`, async () => {
  const { told } = await killOwnersOfALock(kills, new RLock());
  expect(told).toBeGreaterThan(0);
});

test(`${kills} killed at a bounded semaphore`, () => killOwnersOfPermits(kills, new BoundedSemaphore(2)));

test(`${kills} killed at a semaphore with owners`, () =>
  killOwnersOfPermits(kills, new Semaphore(2, { owned: true })));

test.each([
  ['an event', killWaitersOfAnEvent],
  ['a condition', killAtACondition],
  ['a barrier', killAtABarrier],
])(`${kills} killed at %s`, async (name, kill) => {
  const rounds = await kill(kills);
  console.log(`${kills} kills at ${name}, ${rounds} rounds`);
  expect(rounds).toBeGreaterThan(0);
});
