// Tasks that keep a CPU busy: how well a pool spreads them over its workers, and what it adds to each.
import { type BenchPool, median, type Scenario, scaled } from '../scenario.js';
import { atMost } from '../targets.js';
import { busy, values } from '../values.js';

const usPerTask = 1000;
// Of long tasks only a few hundred are done in the usual time: it takes 20,000 until the engine has compiled all that handles
// them. So every pool is given short ones first.
const warmUpFraction = 1 / 50;

export const skewed: Scenario = {
  name: 'skewed',
  group: 'skewed',
  title: 'One long task among twenty, as a multiple of the ideal time',
  task: 'busySquare',
  unit: 'x ideal',
  better: 'lower',
  queued: true,
  parameters: { tasks: 200, usPerTask, usPerLongTask: 20 * usPerTask, longEvery: 20 },
  targets: [atMost(1.1)],
  async measure(open, settings) {
    const pool = await open();
    const lengths = shuffled(
      Array.from({ length: scaled(200, settings) }, (_, i) => (i % 20 === 0 ? 20 : 1) * usPerTask),
    );
    const { warmUpMs, measureMs, workers } = settings;
    await warmUp(pool, { lengths, workers, ms: warmUpMs });
    const byCalls = await rounds(pool, { lengths, workers, ms: measureMs });
    const byMap = await rounds(pool, { lengths, workers, ms: measureMs }, runMap);
    await pool.close();
    return { value: median(byCalls), details: { byMap: median(byMap), rounds: byCalls.length } };
  },
};

export const taskOverhead: Scenario = {
  name: 'task-overhead',
  group: 'task-overhead',
  title: 'What a task of 1 ms costs beside its own time',
  task: 'busySquare',
  unit: '%',
  better: 'lower',
  parameters: { tasks: 500, usPerTask },
  targets: [atMost(3)],
  async measure(open, settings) {
    const pool = await open();
    const lengths = Array.from({ length: scaled(500, settings) }, () => usPerTask);
    const { warmUpMs, measureMs, workers } = settings;
    await warmUp(pool, { lengths, workers, ms: warmUpMs });
    const multiples = await rounds(pool, { lengths, workers, ms: measureMs });
    await pool.close();
    return { value: (median(multiples) - 1) * 100, details: { rounds: multiples.length } };
  },
};

interface Round {
  readonly lengths: readonly number[];
  readonly workers: number;
  readonly ms: number;
}

type Run = (pool: BenchPool, items: readonly unknown[]) => Promise<unknown[]>;

const runCalls: Run = (pool, items) => Promise.all(items.map((item) => pool.call(item)));

const runMap: Run = async (pool, items) => await (pool.map?.(items) ?? runCalls(pool, items));

async function warmUp(pool: BenchPool, round: Round): Promise<void> {
  const lengths = round.lengths.map((us) => us * warmUpFraction);
  await rounds(pool, { ...round, lengths, ms: 2 * round.ms });
  await rounds(pool, round);
}

/** All tasks at once, again and again: the time of each round, of which 1 is the sum of all tasks shared among the workers. */
async function rounds(
  pool: BenchPool,
  { lengths, workers, ms }: Round,
  run: Run = runCalls,
): Promise<number[]> {
  const items = lengths.map((us, x) => busy(us).make(x));
  const idealMs = lengths.reduce((sum, us) => sum + us, 0) / 1000 / workers;
  const multiples: number[] = [];
  const end = performance.now() + ms;
  while (multiples.length === 0 || performance.now() < end) {
    const start = performance.now();
    const results = await run(pool, items);
    multiples.push((performance.now() - start) / idealMs);
    results.forEach((result, x) => {
      values.numbers.check(x, result);
    });
  }
  return multiples;
}

/** By a generator with a fixed seed (Numerical Recipes, 7.1), so that all rivals and python/busy.py have the same order. */
function shuffled(list: readonly number[]): number[] {
  const result = [...list];
  let state = 42;
  for (let i = result.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [result[i], result[j]] = [result[j] as number, result[i] as number];
  }
  return result;
}
