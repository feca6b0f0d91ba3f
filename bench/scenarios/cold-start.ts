// From nothing to the first result: a pool is made in a fresh process, its library imported but never used.
import type { OpenPool, Scenario } from '../scenario.js';
import { values } from '../values.js';

export const coldStart: Scenario = {
  name: 'cold-start',
  group: 'cold-start',
  title: 'New pool to its first result',
  task: 'square',
  unit: 'ms',
  better: 'lower',
  async measure(open) {
    const value = await openAndCall(open);
    return { value, details: { secondPoolMs: await openAndCall(open) } };
  },
};

async function openAndCall(open: OpenPool): Promise<number> {
  const start = performance.now();
  const pool = await open();
  const result = await pool.call(values.numbers.make(7));
  const elapsedMs = performance.now() - start;
  values.numbers.check(7, result);
  await pool.close();
  return elapsedMs;
}
