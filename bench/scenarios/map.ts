// Many items at once, by whatever a rival has for that. Where it has nothing but calls, one call for each item, and fewer
// items, as a million would take minutes; who has a slow map says so itself (`mostItems`).
import { type BenchPool, type Scenario, type Settings, scaled } from '../scenario.js';
import { timesRival } from '../targets.js';
import { type Kind, values } from '../values.js';

export const mostSingleCalls = 20_000;

export const map: readonly Scenario[] = [
  {
    ...mapOf('numbers', 100_000),
    name: 'map-100k',
    title: 'map of 100 000 numbers',
    targets: [timesRival('python', 1.5)],
  },
  {
    ...mapOf('numbers', 1_000_000),
    name: 'map-1m',
    title: 'map of 1 000 000 numbers',
    targets: [timesRival('python', 1.5)],
  },
  {
    ...mapOf('objects', 100_000),
    name: 'map-objects',
    title: 'map of 100 000 small objects',
    fullOnly: true,
  },
  {
    ...mapOf('numbers', 100_000),
    name: 'imap',
    title: 'imap over 100 000 numbers, chunks of 100',
    needs: 'imap',
    parameters: { kind: 'numbers', length: 100_000, method: 'imap' },
    measure: (open, settings) =>
      measureRounds(open, settings, { kind: 'numbers', length: 100_000, run: runImap }),
  },
];

type Run = (pool: BenchPool, items: readonly unknown[]) => Promise<unknown[]>;

function mapOf(kind: Kind, length: number): Omit<Scenario, 'name' | 'title'> {
  return {
    group: 'map',
    task: values[kind].task,
    unit: 'items/s',
    better: 'higher',
    parameters: { kind, length, method: 'map' },
    measure: (open, settings) => measureRounds(open, settings, { kind, length, run: runMap }),
  };
}

/** The figure is that of all rounds but the first, which is a detail: it meets code that has never run. */
async function measureRounds(
  open: () => BenchPool | Promise<BenchPool>,
  settings: Settings,
  { kind, length, run }: { kind: Kind; length: number; run: Run },
) {
  const pool = await open();
  const { mostItems = pool.map === undefined ? mostSingleCalls : Infinity } = pool;
  const items = Array.from({ length: Math.min(mostItems, scaled(length, settings)) }, (_, i) =>
    values[kind].make(i),
  );
  const timeRound = async (): Promise<number> => {
    const start = performance.now();
    const results = await run(pool, items);
    const elapsed = (performance.now() - start) / 1000;
    checkAll(results, items.length, kind);
    return elapsed;
  };
  const first = await timeRound();
  let rounds = 0;
  let seconds = 0;
  for (
    const end = performance.now() + settings.measureMs;
    rounds === 0 || performance.now() < end;
    rounds++
  ) {
    seconds += await timeRound();
  }
  await pool.close();
  return {
    value: (rounds * items.length) / seconds,
    details: { items: items.length, firstRound: items.length / first },
  };
}

export const runMap: Run = async (pool, items) =>
  await (pool.map?.(items) ?? Promise.all(items.map((item) => pool.call(item))));

const runImap: Run = async (pool, items) => {
  if (pool.imap === undefined) throw new Error('a rival without imap takes no part in this');
  const results: unknown[] = [];
  for await (const result of pool.imap(items)) results.push(result);
  return results;
};

// Not within the time: in Python a look at each result would take as long as all else.
export function checkAll(results: readonly unknown[], length: number, kind: Kind): void {
  if (results.length !== length) throw new Error(`map gave ${results.length} of ${length} results`);
  results.forEach((result, i) => {
    values[kind].check(i, result);
  });
}
