// A short soak; the long one is test/stress/sync.test.ts.
import { expect, test } from 'vitest';
import { BoundedSemaphore, RLock, Semaphore } from '../../lib/index.js';
import {
  killAtABarrier,
  killAtACondition,
  killOwnersOfALock,
  killOwnersOfPermits,
  killWaitersOfAnEvent,
} from './kills.js';

test('owners and waiters of a lock are killed: it excludes, and nobody hangs', async () => {
  const { steps } = await killOwnersOfALock(60);
  expect(steps).toBeGreaterThan(0);
});

test('owners and waiters of an RLock are killed: the same', async () => {
  const { steps } = await killOwnersOfALock(40, new RLock());
  expect(steps).toBeGreaterThan(0);
});

test('owners and waiters of a bounded semaphore are killed: its permits come back', () =>
  killOwnersOfPermits(40, new BoundedSemaphore(2)));

test('owners and waiters of a semaphore with owners are killed: its permits come back', () =>
  killOwnersOfPermits(40, new Semaphore(2, { owned: true })));

test('waiters of an event are killed: the others go on', async () => {
  expect(await killWaitersOfAnEvent(40)).toBeGreaterThan(0);
});

test('who waits at a condition or notifies is killed: the others go on', async () => {
  expect(await killAtACondition(40)).toBeGreaterThan(0);
});

test('parties of a barrier are killed: it breaks, and can be made new', async () => {
  expect(await killAtABarrier(40)).toBeGreaterThan(0);
});
