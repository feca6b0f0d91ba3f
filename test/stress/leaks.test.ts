// The same as test/leak/leaks.test.ts in large numbers.
import { test } from 'vitest';
import { expectLevel } from '../leak/levels.js';

const timeoutMs = 1_500_000;

test('100,000 calls of a pool', async () => {
  await expectLevel('apply', 100_000, timeoutMs);
});

test('20,000 slabs to workers and back', async () => {
  await expectLevel('slabs', 20_000, timeoutMs);
});

test('100,000 shared values, structs and arrays of each kind', async () => {
  await expectLevel('values', 100_000, timeoutMs);
});

test('100,000 locks, conditions, semaphores, events and barriers', async () => {
  await expectLevel('locks', 100_000, timeoutMs);
});

test('20,000 queues of each kind made and dropped', async () => {
  await expectLevel('queues', 20_000, timeoutMs);
});

test('20,000 pipes closed and dropped', async () => {
  await expectLevel('pipes', 20_000, timeoutMs);
});

test('100,000 items, small and large, through queues', async () => {
  await expectLevel('items', 100_000, timeoutMs);
});

test('200 pools opened and closed', async () => {
  await expectLevel('pools', 200, timeoutMs);
});

test('300 processes started and joined', async () => {
  await expectLevel('processes', 300, timeoutMs);
});

test('100,000 names made, opened, closed and removed', async () => {
  await expectLevel('names', 100_000, timeoutMs);
});
