// Tiny tasks, one call each, 1000 of them in flight: what the pool itself costs, when calls can overlap.
import type { BenchPool, Scenario } from '../scenario.js';

const inFlight = 1000;

export const oneByOne: Scenario = {
  name: 'one-by-one',
  title: 'One-by-one tiny tasks, 1000 in flight',
  task: 'square',
  unit: 'tasks/s',
  better: 'higher',
  binary: false,
  async measure(open, { warmUpMs, measureMs }) {
    const pool = await open();
    await callFor(pool, warmUpMs);
    const start = performance.now();
    const done = await callFor(pool, measureMs);
    const seconds = (performance.now() - start) / 1000;
    await pool.close();
    return { value: done / seconds };
  },
};

/** Keeps 1000 calls in flight for that long, then waits for those under way; how many there were. */
async function callFor(pool: BenchPool, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let next = 0;
  let over = false;
  const lane = async (): Promise<void> => {
    while (!over) {
      const x = next++;
      // Looking at the clock costs about as much as a call may; every 256th call does.
      if (x % 256 === 0 && performance.now() >= end) over = true;
      const result = await pool.call(x);
      if (result !== x * x) throw new Error(`square(${x}) gave ${String(result)}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return next;
}
