// The crash points of a pool's worker again, each deeper in its life than the suite goes: test/crash/crash-points.test.ts.
import { expect, test } from 'vitest';
import { armedEnv, expectNothingInUse, type PoolReport, reportOf, seedOf } from '../crash/support.js';

const hits = [0, 1, 3, 10, 31, 100, 316, 1000];

test.each([
  'kRingRecordReserved',
  'kRingCellAttached',
  'kRingTailPublished',
  'kRingBellOwed',
  'kRingCellTaken',
  'kRingHeadAdvanced',
  'kReferenceIntentPublished',
  'kReferenceCountChanged',
  'kReferenceCellWritten',
  'kMoveIntentPublished',
  'kMoveTargetWritten',
  'kMoveSourceCleared',
  'kBlockAllocated',
])('workers killed at %s, the last after a thousand times', async (point) => {
  const env = {
    ...armedEnv(point, hits),
    FORKYARD_STRESS_SEED: String(seedOf()),
    FORKYARD_WATCHDOG_MS: '300000',
  };
  const report = await reportOf<PoolReport>('crash/pool-at-point.mjs', { env, timeoutMs: 400_000 });
  expect(report.deaths, 'the point was reached').toBe(hits.length);
  expect(report.wrong).toEqual([]);
  expect(report.pending).toEqual([]);
  expect(report.joined).toBe(true);
  expect(report.bytesInUse).toBe(0);
  expectNothingInUse(report.accounts);
});
