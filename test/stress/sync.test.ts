// FORKYARD_STRESS_KILLS (default 1000) processes killed at random instants while they own a lock, wait for it, or leave it;
// the same with the permits of a bounded semaphore, and with an event.
import { expect, test } from 'vitest';
import { killOwnersOfALock, killOwnersOfPermits, killWaitersOfAnEvent } from '../sync/kills.js';

const kills = Number(process.env.FORKYARD_STRESS_KILLS ?? 1000);

test(`${kills} killed at a lock`, async () => {
  const { steps, told } = await killOwnersOfALock(kills);
  console.log(`${kills} kills, ${steps} critical sections, ${told} successors told of a dead owner`);
  expect(told).toBeGreaterThan(0);
});

test(`${kills} killed at a bounded semaphore`, () => killOwnersOfPermits(kills));

test(`${kills} killed at an event`, async () => {
  expect(await killWaitersOfAnEvent(kills)).toBeGreaterThan(0);
});
