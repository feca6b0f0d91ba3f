// From nothing to the first result: a pool is made in a fresh process, its library imported but never used.
import type { OpenPool, Scenario } from '../scenario.js';

export const coldStart: Scenario = {
  name: 'cold-start',
  title: 'New pool to its first result',
  task: 'square',
  unit: 'ms',
  better: 'lower',
  binary: false,
  async measure(open) {
    const value = await openAndCall(open);
    return { value, details: { secondPoolMs: await openAndCall(open) } };
  },
};

async function openAndCall(open: OpenPool): Promise<number> {
  const start = performance.now();
  const pool = await open();
  const result = await pool.call(7);
  const elapsedMs = performance.now() - start;
  if (result !== 49) throw new Error(`square(7) gave ${String(result)}`);
  await pool.close();
  return elapsedMs;
}
