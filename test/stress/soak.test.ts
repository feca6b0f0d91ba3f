// The long soak: FORKYARD_STRESS_KILLS (default 2000) random SIGKILLs of workers, and SIGSTOPs and SIGCONTs in between,
// under a load of every kind. A short one runs with the suite: test/crash/soak.test.ts.
import { test } from 'vitest';
import { expectCleanSoak, soak } from '../crash/support.js';

test('2000 random kills of workers: every promise settles once, with the right value, and nothing is left', async () => {
  const report = await soak(2000, 1_700_000);
  const { kills, stops, settled, ids, lost, elapsedMs, counts } = report;
  console.log(
    `${kills} kills, ${stops} stops; ${settled} units of ${ids} tasks, ${lost} of them lost, ${elapsedMs} ms; ` +
      JSON.stringify(counts),
  );
  expectCleanSoak(report);
});
