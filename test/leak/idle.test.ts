// An idle pool costs nothing. Watched for ten seconds by test/stress/idle.test.ts; that a program with nothing but an idle
// pool ends by itself is tested with the pool.
import { beforeAll, describe, expect, test } from 'vitest';
import { type IdleReport, straceIsInstalled, watchIdlePool } from './idle.js';

describe('a pool of 20 idle workers, for two seconds', () => {
  let report: IdleReport;

  beforeAll(async () => {
    report = await watchIdlePool({ quietMs: 1500, watchMs: 2000, slabs: false });
  });

  test('no thread of the 21 processes is woken, none runs', () => {
    expect(report.processes).toBe(21);
    expect(report.threads).toBeGreaterThanOrEqual(21);
    expect(report.woken).toEqual([]);
  });

  // Reason for the skip: strace is a program of the system, and not everybody has it.
  test.skipIf(!straceIsInstalled)('none makes a system call', () => {
    expect(report.systemCalls).toEqual([]);
  });
});
