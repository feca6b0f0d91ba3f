// From nothing to the first result: a pool is made in a fresh process, its library imported but never used.
import { spawnSync } from 'node:child_process';
import type { OpenPool, Scenario } from '../scenario.js';
import { atMostTimes, detailAtMost } from '../targets.js';
import { values } from '../values.js';

export const coldStart: Scenario = {
  name: 'cold-start',
  group: 'cold-start',
  title: 'New pool to its first result',
  task: 'square',
  unit: 'ms',
  better: 'lower',
  targets: [atMostTimes('nodeMs', 1.3), detailAtMost('secondPoolMs', 8)],
  async measure(open) {
    const value = await openAndCall(open);
    const secondPoolMs = await openAndCall(open);
    return { value, details: { secondPoolMs, nodeMs: emptyProgram() } };
  },
};

/** How long Node takes to do nothing: what a pool of processes pays at least, once. */
function emptyProgram(): number {
  const start = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - start;
}

async function openAndCall(open: OpenPool): Promise<number> {
  const start = performance.now();
  const pool = await open();
  const result = await pool.call(values.numbers.make(7));
  const elapsedMs = performance.now() - start;
  values.numbers.check(7, result);
  await pool.close();
  return elapsedMs;
}
