// Tiny tasks, one call each, some of them in flight: what the pool itself costs.
import type { Scenario } from '../scenario.js';
import { atLeast, timesBestProcessPool, timesRival } from '../targets.js';
import { type Kind, values } from '../values.js';
import { after, callInLanes } from './lanes.js';

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
  { ...oneByOneOf('numbers', 64), fullOnly: true },
  { ...oneByOneOf('numbers', 1), fullOnly: true },
  { ...oneByOneOf('objects', 1000), name: 'objects', targets: [timesBestProcessPool(5)] },
  { ...oneByOneOf('strings', 1000), name: 'strings', targets: [timesBestProcessPool(5)] },
  { ...oneByOneOf('errors', 1000), name: 'errors', targets: [timesBestProcessPool(5)] },
];

// V8 goes on compiling what handles a call, and recompiling it, for the first million of them.
const longWarmUp = 3;

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
      const isWarm = after(longWarmUp * warmUpMs);
      await callInLanes(pool, { values: values[kind], inFlight, isLast: isWarm });
      const start = performance.now();
      const done = await callInLanes(pool, { values: values[kind], inFlight, isLast: after(measureMs) });
      const seconds = (performance.now() - start) / 1000;
      await pool.close();
      return { value: done / seconds };
    },
  };
}
