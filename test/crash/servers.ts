// Fork servers that are killed and stopped while they start processes: what must be true afterwards. Used by
// servers.test.ts here, for a few, and by test/stress/, for many.
import { expect } from 'vitest';
import { reportOf, seedOf } from './support.js';

export interface ServersReport {
  readonly seed: number;
  readonly kills: number;
  readonly stops: number;
  readonly started: number;
  readonly wrong: readonly string[];
  /** How the processes ended, as far as could be known: `exited 0`, `status-lost null`. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly children: readonly string[];
  readonly slots: readonly string[];
  readonly elapsedMs: number;
}

export async function strikeServers(kills: number, stops: number, timeoutMs: number): Promise<ServersReport> {
  const args = [seedOf(), kills, stops].map(String);
  const report = await reportOf<ServersReport>('stress/servers.mjs', { args, timeoutMs });
  expect(report.wrong).toEqual([]);
  expect(report).toMatchObject({ kills, stops, children: [] });
  expect(report.slots).toHaveLength(1);
  for (const status of Object.keys(report.statuses))
    expect(['exited 0', 'status-lost null']).toContain(status);
  return report;
}
