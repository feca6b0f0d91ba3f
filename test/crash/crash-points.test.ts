// Processes that kill themselves at a numbered point of the native code while they work with slabs: whoever is left puts
// everything in order. The points that only the core itself comes to are tested in test/native/.
import { describe, expect, test } from 'vitest';
import { type Accounts, armedEnv, expectNothingInUse, type PoolReport, reportOf } from './support.js';

interface ChildReport {
  readonly exitCodes: readonly (number | null)[];
  readonly wrong: readonly string[];
  readonly bytesInUse: number;
  readonly slots: readonly string[];
  readonly accounts: Accounts;
}

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

const endPoints: readonly (readonly [point: string, hits: readonly number[]])[] = [
  ['kReaperIntentSettled', [0]],
  ['kReaperCellReleased', [0, 1]],
  ['kReaperLedgerSwept', [0]],
  ['kReaperSpanSwept', [0, 1]],
];

describe('a process', () => {
  test.each(endPoints)('killed at %s in its own orderly end: its result has arrived', async (point, hits) => {
    await expectKilled(point, hits, 'end');
  });
});

const reapPoints: readonly (readonly [point: string, hits: readonly number[]])[] = [
  ['kSlotReserved', [0, 2, 5]],
  ['kReaperClaimed', [0, 2]],
  ['kReaperIntentSettled', [0, 2]],
  ['kReaperCellReleased', [0, 3]],
  ['kReaperLedgerSwept', [0, 2]],
  ['kReaperSpanSwept', [0, 1]],
  ['kReaperSwept', [0, 2]],
  ['kReaperSlotFreed', [0, 2]],
  ['kSpanReturnIntentPublished', early],
  ['kSpanPagesPunched', early],
  ['kSpanEntryFreed', early],
  ['kSpanQuotaGiven', early],
];

describe('a process with a pool of its own', () => {
  test.each(reapPoints)('killed at %s while it reaps: the root reaps all', async (point, hits) => {
    await expectKilled(point, hits, 'reap');
  });

  test('killed from outside, with slabs in flight: its whole subtree goes, the arena is level', async () => {
    const env = { FORKYARD_POINT: '0', FORKYARD_HITS: '0,0,0', FORKYARD_ROLE: 'reap' };
    const report = await reportOf<ChildReport>('crash/child-at-point.mjs', { env });
    expect(report.exitCodes).toEqual([-9, -9, -9]);
    expectLevel(report);
  });
});

async function expectKilled(point: string, hits: readonly number[], role: 'end' | 'reap'): Promise<void> {
  const env = { ...armedEnv(point, hits), FORKYARD_ROLE: role };
  const report = await reportOf<ChildReport>('crash/child-at-point.mjs', { env });
  expect(report.exitCodes, 'the point was reached').toEqual(hits.map(() => -9));
  expectLevel(report);
}

function expectLevel(report: ChildReport): void {
  expect(report.wrong).toEqual([]);
  expect(report.slots).toEqual(['0 alive']);
  expect(report.bytesInUse).toBe(0);
  expectNothingInUse(report.accounts);
}
