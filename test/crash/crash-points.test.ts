// Processes that kill themselves at a numbered point of the native code while they work with slabs: whoever is left puts
// everything in order. Points of reaping and ending: reaper-points.test.ts; those of the core alone: test/native/.
import { describe, expect, test } from 'vitest';
import { armedEnv, expectNothingInUse, type PoolReport, reportOf } from './support.js';

// How often the point is passed before it kills: once each for so many workers.
const early = [0, 1];
const points: readonly (readonly [point: string, hits: readonly number[]])[] = [
  ['kRingRecordReserved', [0, 1, 9]],
  ['kRingCellAttached', [0, 1, 9]],
  ['kRingTailPublished', [0, 2, 40]],
  ['kRingBellOwed', [0, 2, 10]],
  ['kRingCellTaken', [0, 1, 9]],
  ['kRingHeadAdvanced', [0, 2, 40]],
  ['kReferenceIntentPublished', [0, 3, 20]],
  ['kReferenceCountChanged', [0, 3, 20]],
  ['kReferenceCellWritten', [0, 3, 20]],
  ['kMoveIntentPublished', [0, 1, 9]],
  ['kMoveTargetWritten', [0, 1, 9]],
  ['kMoveSourceCleared', [0, 1, 9]],
  ['kBlockAllocated', [0, 1, 9]],
  ['kSpanIntentPublished', early],
  ['kSpanQuotaTaken', early],
  ['kSpanEntryClaimed', early],
  ['kSpanTailsWritten', early],
  ['kSpanHeadPublished', early],
  ['kSpanAdopted', [0, 0]],
  ['kSlotTokenTaken', [0, 0, 0]],
  ['kSlotClaimed', [0, 0, 0]],
  ['kBellUnpublished', [0, 0, 0]],
];

describe('workers of a pool', () => {
  test.each(points)('killed at %s: all other tasks come out right', async (point, hits) => {
    const report = await reportOf<PoolReport>('crash/pool-at-point.mjs', { env: armedEnv(point, hits) });
    expect(report.deaths, 'the point was reached').toBe(hits.length);
    expect(report.wrong).toEqual([]);
    expect(report.pending).toEqual([]);
    expect(report.joined).toBe(true);
    expect({ unsettled: report.unsettled, waiting: report.waiting }).toEqual({ unsettled: 0, waiting: 0 });
    // At least the thirty that came after the last death.
    expect(report.settled - report.lost).toBeGreaterThanOrEqual(30 - hits.length);
    expect(report.slots).toEqual(['0 alive']);
    expect(report.bytesInUse).toBe(0);
    expectNothingInUse(report.accounts);
  });
});
