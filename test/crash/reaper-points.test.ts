// A process that kills itself at a numbered point of the native code while it reaps others, or in its own orderly end: the
// root puts everything in order, for its grandchildren too. The points of a pool's workers: crash-points.test.ts.
import { describe, expect, test } from 'vitest';
import { type Accounts, armedEnv, expectNothingInUse, reportOf } from './support.js';

interface ChildReport {
  readonly exitCodes: readonly (number | null)[];
  readonly wrong: readonly string[];
  readonly bytesInUse: number;
  readonly slots: readonly string[];
  readonly accounts: Accounts;
}

// How often the point is passed before it kills: once each for so many processes.
const early = [0, 1];
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
