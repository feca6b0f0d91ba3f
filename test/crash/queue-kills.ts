// Producers and consumers killed at random instants: what must be true of every item. Used by queue-kills.test.ts here, for a few kills,
// and by test/stress/, for many.
import { expect } from 'vitest';
import {
  type Accounts,
  expectNothingInUse,
  expectSameLevels,
  type Levels,
  reportOf,
  seedOf,
} from './support.js';

/** test/fixtures/stress/queue-kills.mjs */
export interface QueueKills {
  readonly kills: number;
  readonly killedProducers: number;
  readonly killedConsumers: number;
  readonly lives: number;
  /** Items whose put has returned, and that somebody has begun to put. */
  readonly confirmed: number;
  readonly attempted: number;
  /** Items that a consumer has marked as its own, and those of them whose put never returned. */
  readonly marked: number;
  readonly markedBeyond: number;
  /** Marked by consumers that died before they said that they were done with them. */
  readonly inHand: number;
  /** Of these, of consumers that died while they said so: in their hands or not. */
  readonly finishing: number;
  readonly twice: number;
  readonly outOfOrder: number;
  readonly damaged: number;
  readonly lost: number;
  readonly unfinished: number;
  readonly size: number;
  /** What the queue itself has counted. */
  readonly totals: Readonly<Record<'puts' | 'gets' | 'got' | 'done' | 'lost', number>>;
  readonly wrong: readonly string[];
  readonly elapsedMs: number;
  readonly before: Levels;
  readonly after: Levels;
  readonly accounts: Accounts;
}

export type Kind = 'joinable' | 'bounded';

export async function killAtAQueue(kind: Kind, kills: number, timeoutMs: number): Promise<QueueKills> {
  const env = { FORKYARD_STRESS_KILLS: String(kills), FORKYARD_STRESS_SEED: String(seedOf()) };
  const report = await reportOf<QueueKills>('stress/queue-kills.mjs', { env, args: [kind], timeoutMs });
  const { killedProducers, killedConsumers, totals, marked, lost, inHand, finishing, elapsedMs } = report;
  console.log(
    `${kind}: ${killedProducers} producers and ${killedConsumers} consumers killed, ${totals.puts} items put, ` +
      `${marked} got, ${lost} lost (${totals.puts - marked} not got, ${inHand} got and not finished, ` +
      `${finishing} about to be), ${elapsedMs} ms`,
  );
  expectExact(report);
  expect(killedProducers + killedConsumers).toBe(kills);
  expectSameLevels(report.before, report.after);
  expectNothingInUse(report.accounts);
  return report;
}

function expectExact(report: QueueKills): void {
  const { wrong, twice, outOfOrder, damaged, unfinished, size, totals } = report;
  expect({ wrong, twice, outOfOrder, damaged, unfinished, size }).toEqual({
    ...{ wrong: [], twice: 0, outOfOrder: 0, damaged: 0, unfinished: 0, size: 0 },
  });
  const { puts, gets, got, done, lost } = totals;
  expect({ gets, got, done, lost }).toEqual({ gets: puts, got: puts, done: puts - lost, lost: report.lost });
  // Whose put has returned is in; who died in the middle of it may have put it or not.
  expect(puts).toBeGreaterThanOrEqual(report.confirmed + report.markedBeyond);
  expect(puts).toBeLessThanOrEqual(report.attempted);
  // Lost is what nobody got, and what was in the hands of the dead; but who dies while it says that it is done has said so or not.
  const certainlyLost = puts - report.marked + report.inHand;
  expect(lost).toBeLessThanOrEqual(certainlyLost);
  expect(lost).toBeGreaterThanOrEqual(certainlyLost - report.finishing);
}
