// The first work of a program: no function of the library has been compiled, no worker has run a task but one, which tells
// that the pool has started. The start is in the detail `withStart`; one call from nothing is cold-start.ts.
import { type BenchPool, type OpenPool, type Scenario, type Settings, scaled } from '../scenario.js';
import { timesBestPool, timesRival } from '../targets.js';
import { type Kind, values } from '../values.js';
import { callInLanes } from './lanes.js';
import { checkAll, mostSingleCalls, runMap } from './map.js';

const inFlight = 1000;
const common = { group: 'cold', unit: 'a second', better: 'higher' } as const;

export const cold: readonly Scenario[] = [
  {
    ...firstCalls(1000),
    name: 'cold-1k',
    title: 'The first 1 000 tasks of a program, one by one',
    targets: [timesBestPool(2)],
  },
  {
    ...firstCalls(50_000),
    name: 'cold-50k',
    title: 'The first 50 000 tasks of a program, one by one',
    targets: [timesBestPool(8)],
  },
  {
    ...firstMap('numbers'),
    name: 'cold-map',
    title: 'The first map of a program, 100 000 numbers',
    targets: [timesRival('python', 1.2)],
  },
  {
    ...firstMap('objects'),
    name: 'cold-map-objects',
    title: 'The first map of a program, 100 000 small objects',
    targets: [timesRival('python', 1.2)],
  },
];

function firstCalls(calls: number): Omit<Scenario, 'name' | 'title'> {
  return {
    ...common,
    task: values.numbers.task,
    parameters: { method: 'call', kind: 'numbers', length: calls, inFlight },
    measure: (open, settings) =>
      measureFirst(open, 'numbers', (pool) => callAll(pool, scaled(calls, settings))),
  };
}

/** Who has nothing but calls is given fewer items, as in map.ts. */
function firstMap(kind: Kind): Omit<Scenario, 'name' | 'title'> {
  const length = 100_000;
  return {
    ...common,
    task: values[kind].task,
    parameters: { method: 'map', kind, length, inFlight },
    measure: (open, settings) =>
      measureFirst(open, kind, (pool) => prepareMap(pool, { kind, length, settings })),
  };
}

interface FirstWork {
  readonly items: number;
  run(): Promise<() => void>;
}

async function measureFirst(open: OpenPool, kind: Kind, prepare: (pool: BenchPool) => FirstWork) {
  const { make, check } = values[kind];
  const openedAt = performance.now();
  const pool = await open();
  check(7, await pool.call(make(7)));
  const startMs = performance.now() - openedAt;
  const { items, run } = prepare(pool);
  const start = performance.now();
  const checkResults = await run();
  const elapsedMs = performance.now() - start;
  checkResults();
  await pool.close();
  return {
    value: (1000 * items) / elapsedMs,
    details: { items, withStart: (1000 * items) / (startMs + elapsedMs) },
  };
}

function callAll(pool: BenchPool, items: number): FirstWork {
  return {
    items,
    async run() {
      await callInLanes(pool, { values: values.numbers, inFlight, isLast: (i) => i + 1 >= items });
      return () => {};
    },
  };
}

function prepareMap(
  pool: BenchPool,
  { kind, length, settings }: { kind: Kind; length: number; settings: Settings },
): FirstWork {
  const { mostItems = pool.map === undefined ? mostSingleCalls : Infinity } = pool;
  const count = Math.min(mostItems, scaled(length, settings));
  const items = Array.from({ length: count }, (_, i) => values[kind].make(i));
  return {
    items: count,
    async run() {
      const results = await runMap(pool, items);
      return () => checkAll(results, count, kind);
    },
  };
}
