// A short soak; the long one is test/stress/sync.test.ts.
import { expect, test } from 'vitest';
import { killOwnersOfALock, killOwnersOfPermits, killWaitersOfAnEvent } from './kills.js';

test('owners and waiters of a lock are killed: it excludes, and nobody hangs', async () => {
  const { steps } = await killOwnersOfALock(60);
  expect(steps).toBeGreaterThan(0);
});

test('owners and waiters of a bounded semaphore are killed: its permits come back', async () => {
  await killOwnersOfPermits(40);
});

test('waiters of an event are killed: the others go on', async () => {
  expect(await killWaitersOfAnEvent(40)).toBeGreaterThan(0);
});
