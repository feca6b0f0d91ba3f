// Descriptors, mappings, arena, references and heap are level however often something is done. The numbers are small here;
// the large ones are test/stress/leaks.test.ts.
import { test } from 'vitest';
import { expectLevel } from './levels.js';

test('10,000 calls of a pool', async () => {
  await expectLevel('apply', 10_000);
});

test('1,500 slabs to workers and back', async () => {
  await expectLevel('slabs', 1500);
});

test('4,000 shared values, structs and arrays of each kind', async () => {
  await expectLevel('values', 4000);
});

test('1,500 locks, conditions, semaphores, events and barriers', async () => {
  await expectLevel('locks', 1500);
});

test('600 queues of each kind made and dropped', async () => {
  await expectLevel('queues', 600);
});

test('600 pipes closed and dropped', async () => {
  await expectLevel('pipes', 600);
});

test('3,000 items, small and large, through queues', async () => {
  await expectLevel('items', 3000);
});

test('24 pools opened and closed', async () => {
  await expectLevel('pools', 24);
});

test('30 processes started and joined', async () => {
  await expectLevel('processes', 30);
});

test('3,000 names made, opened, closed and removed', async () => {
  await expectLevel('names', 3000);
});
