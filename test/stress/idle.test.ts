// An idle pool that has sent slabs before, watched for ten seconds; a shorter time with the suite: test/leak/idle.test.ts.
import { expect, test } from 'vitest';
import { straceIsInstalled, watchIdlePool } from '../leak/idle.js';

test('20 idle workers for ten seconds: no thread wakes, no system call', async () => {
  // The last of the slabs' pages are given back some 16 seconds after the pages before them.
  const report = await watchIdlePool({ quietMs: 20_000, watchMs: 10_000, slabs: true });
  const { processes, threads, woken, systemCalls } = report;
  const calls = straceIsInstalled ? `${systemCalls?.length} system calls in 10 s` : 'strace is not installed';
  console.log(`${processes} processes, ${threads} threads: ${woken.length} threads woken in 10 s; ${calls}`);
  expect({ processes, woken }).toEqual({ processes: 21, woken: [] });
  expect(systemCalls ?? []).toEqual([]);
});
