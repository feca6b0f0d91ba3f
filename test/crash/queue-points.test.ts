// Processes that kill themselves at a numbered point of putting into a queue, taking from it, or reaping who died at it: the others go
// on, and each item is got once, or told as lost.
import { describe, expect, test } from 'vitest';
import { type Accounts, armedEnv, crashPoint, expectNothingInUse, reportOf } from './support.js';

interface Death {
  readonly exitCode: number | null;
  /** Items whose put had returned, and that nobody got. */
  readonly missing: number;
  /** Items that were got, and whose put never returned. */
  readonly beyond: number;
  readonly lost: number;
  readonly unfinished: number;
  readonly size: number;
}

interface QueueReport {
  readonly deaths: readonly Death[];
  readonly wrong: readonly string[];
  readonly bytesInUse: number;
  readonly slots: readonly string[];
  readonly accounts: Accounts;
}

type Role = 'put' | 'grow' | 'take' | 'drop' | 'reapPut' | 'reapTake' | 'reapWaiting';

// How often the point is passed before it kills: once each for so many processes.
const often = [1, 9];
const once = [0];

async function expectKilled(
  [point, hits]: readonly [string, readonly number[]],
  role: Role,
  expected: { beyond: number; lost: number },
  inner?: string,
): Promise<void> {
  const env = {
    ...{ ...armedEnv(point, hits), FORKYARD_ROLE: role },
    ...(inner && { FORKYARD_INNER_POINT: crashPoint(inner) }),
  };
  const report = await reportOf<QueueReport>('crash/queue-at-point.mjs', { env });
  expect(report.wrong).toEqual([]);
  // That it was killed says that the point was reached.
  const death = { exitCode: -9, missing: expected.lost, ...expected, unfinished: 0, size: 0 };
  expect(report.deaths).toEqual(hits.map(() => death));
  expect(report.slots).toEqual(['0 alive']);
  expect(report.bytesInUse).toBe(0);
  expectNothingInUse(report.accounts);
}

describe('who puts', () => {
  test.each([
    ['kQueuePutLocked', often, 0],
    ['kQueuePutLogged', often, 0],
    ['kQueuePutWritten', often, 0],
    ['kQueuePutCounted', often, 0],
    ['kQueuePutPublished', often, 1],
    ['kQueuePutUnlocked', often, 1],
  ] as const)('killed at %s: its item is in, or is not', async (point, hits, beyond) => {
    await expectKilled([point, hits], 'put', { beyond, lost: 0 });
  });

  test.each(['kQueueRingAdded', 'kQueueRingWritten'])(
    'killed at %s: the queue goes on growing',
    async (point) => {
      await expectKilled([point, [0, 2]], 'grow', { beyond: 0, lost: 0 });
    },
  );
});

describe('who takes', () => {
  test.each([
    ['kQueueGetLocked', often, 0],
    ['kQueueGetLogged', often, 0],
    ['kQueueGetHeld', often, 0],
    ['kQueueGetCommitted', often, 1],
    ['kQueueGetReleased', often, 1],
    ['kQueueGetFreed', often, 1],
    ['kQueueGetCounted', often, 1],
  ] as const)('killed at %s: its item is there for others, or lost', async (point, hits, lost) => {
    await expectKilled([point, hits], 'take', { beyond: 0, lost });
  });

  test('killed at kQueueGetUnlocked: what it had is lost', async () => {
    // The second item has a slab: the first look at it only tells how many references it has.
    await expectKilled(['kQueueGetUnlocked', [0, 2, 3]], 'drop', { beyond: 0, lost: 1 });
  });

  test.each(['kQueueRingDropped', 'kQueueRingPassed'])('killed at %s: nothing is lost', async (point) => {
    await expectKilled([point, [0, 2]], 'drop', { beyond: 0, lost: 0 });
  });
});

describe('who reaps', () => {
  test.each([
    ['kReaperPutSettled', 'kQueuePutLogged', 0],
    ['kReaperPutSettled', 'kQueuePutWritten', 0],
    ['kReaperPutSettled', 'kQueuePutPublished', 1],
    ['kReaperItemsLost', 'kQueuePutPublished', 1],
  ] as const)('killed at %s after another died at %s', async (point, inner, beyond) => {
    await expectKilled([point, once], 'reapPut', { beyond, lost: 0 }, inner);
  });

  test.each([
    ['kReaperGetSettled', 'kQueueGetHeld', 0],
    ['kReaperGetSettled', 'kQueueGetCommitted', 1],
    ['kReaperGetSettled', 'kQueueGetReleased', 1],
    ['kReaperItemsLost', 'kQueueGetCounted', 1],
  ] as const)('killed at %s after another died at %s', async (point, inner, lost) => {
    await expectKilled([point, once], 'reapTake', { beyond: 0, lost }, inner);
  });

  test.each([
    ['kReaperGetSettled', 'kQueueGetHeld', 0],
    ['kReaperGetSettled', 'kQueueGetCommitted', 1],
    ['kReaperItemsLost', 'kQueueGetFreed', 1],
  ] as const)(
    'killed at %s while it waits at the queue of one that died at %s',
    async (point, inner, lost) => {
      await expectKilled([point, once], 'reapWaiting', { beyond: 0, lost }, inner);
    },
  );
});
