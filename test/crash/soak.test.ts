// A short soak: workers are killed and stopped at random instants while their pools are at work.
// The long one is test/stress/soak.test.ts.
import { expect, test } from 'vitest';
import { expectCleanSoak, soak } from './support.js';

test('60 random kills of workers: every promise settles once, with the right value, and nothing is left', async () => {
  const report = await soak(60, 55_000);
  expectCleanSoak(report);
  expect(Object.keys(report.counts).length).toBeGreaterThan(10);
});
