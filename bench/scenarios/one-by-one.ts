// Tiny tasks, one call each, some of them in flight: what the pool itself costs.
import type { BenchPool, Scenario } from '../scenario.js';
import { atLeast, timesBestProcessPool, timesRival } from '../targets.js';
import { type Kind, type Values, values } from '../values.js';

const titles: Readonly<Record<Kind, string>> = {
  numbers: 'Tiny tasks one by one',
  objects: 'Small objects one by one',
  strings: 'Strings of 1 KiB one by one',
  errors: 'Tasks that throw, one by one',
};

export const oneByOne: readonly Scenario[] = [
  {
    ...oneByOneOf('numbers', 1000),
    targets: [atLeast(500_000), timesRival('piscina', 10), timesRival('poolifier', 3)],
  },
  { ...oneByOneOf('numbers', 64), isSlow: true },
  { ...oneByOneOf('numbers', 1), isSlow: true },
  { ...oneByOneOf('objects', 1000), name: 'objects', targets: [timesBestProcessPool(5)] },
  { ...oneByOneOf('strings', 1000), name: 'strings', targets: [timesBestProcessPool(5)] },
  { ...oneByOneOf('errors', 1000), name: 'errors', targets: [timesBestProcessPool(5)] },
];

function oneByOneOf(kind: Kind, inFlight: number): Scenario {
  return {
    name: `one-by-one-${inFlight}`,
    group: 'one-by-one',
    title: `${titles[kind]}, ${inFlight} in flight`,
    task: values[kind].task,
    unit: 'tasks/s',
    better: 'higher',
    parameters: { kind, inFlight },
    async measure(open, { warmUpMs, measureMs }) {
      const pool = await open();
      await callFor(pool, { kind, inFlight, ms: warmUpMs });
      const start = performance.now();
      const done = await callFor(pool, { kind, inFlight, ms: measureMs });
      const seconds = (performance.now() - start) / 1000;
      await pool.close();
      return { value: done / seconds };
    },
  };
}

/** Keeps so many calls in flight for that long, then waits for those under way; how many there were. */
async function callFor(
  pool: BenchPool,
  { kind, inFlight, ms }: { kind: Kind; inFlight: number; ms: number },
): Promise<number> {
  const { make, check } = values[kind];
  const end = performance.now() + ms;
  let next = 0;
  let over = false;
  const lane = async (): Promise<void> => {
    while (!over) {
      const i = next++;
      // Looking at the clock costs about as much as a call may; every 256th call does.
      if (i % 256 === 0 && performance.now() >= end) over = true;
      if (kind === 'errors') await callFailing(pool, i);
      else check(i, await pool.call(make(i)));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return next;
}

async function callFailing(pool: BenchPool, i: number): Promise<void> {
  const { make, check }: Values = values.errors;
  let result: unknown;
  try {
    result = await pool.call(make(i));
  } catch (error) {
    return check(i, error);
  }
  throw new Error(`fail(${i}) gave ${String(result)}`);
}
