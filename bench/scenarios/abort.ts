// Many calls that end at once, before their tasks do: the CPU time of that besides the CPU time of their submission. Both block
// the caller's event loop. Each way is measured at growing sizes, as a cost that grows with the square shows only there.
import { setMaxListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BenchPool, type OpenPool, type PoolSize, type Scenario, scaled } from '../scenario.js';
import { atMost, detailAtMost } from '../targets.js';

interface Way {
  readonly name: string;
  readonly title: string;
  readonly rivals: readonly string[];
  /** The numbers of calls; the figure is that of `figureSize`. */
  readonly sizes: readonly number[];
  readonly figureSize: number;
  poolSize?(calls: number): PoolSize;
  /** Begins so many calls. Their promises, and what ends them all. */
  submit(pool: BenchPool, calls: number): Submitted;
}

interface Submitted {
  readonly results: readonly PromiseLike<unknown>[];
  end(): void;
  /** What each call must reject with; undefined: any error. */
  readonly reason?: Error;
  /** Resolves when the calls are where they should be before the end. */
  readonly ready?: PromiseLike<unknown>;
}

interface Cost {
  readonly submissionUs: number;
  readonly endUs: number;
}

const sizes = [1000, 4000, 16_000, 100_000];
const threads = ['piscina', 'tinypool'];
/** None of the tasks ends by itself. */
const longMs = 600_000;
/** A cost that grows with the square would take minutes at the next size. */
const mostEndUs = 4e6;

const ways: readonly Way[] = [
  {
    name: 'abort-signal',
    title: 'One AbortSignal over 16 000 calls',
    rivals: ['forkyard', ...threads],
    sizes,
    figureSize: 16_000,
    submit(pool, calls) {
      const controller = new AbortController();
      setMaxListeners(0, controller.signal);
      const reason = new Error('no longer wanted');
      const results = times(calls, () => pool.call(longMs, { signal: controller.signal }));
      return { results, reason, end: () => controller.abort(reason) };
    },
  },
  {
    name: 'abort-terminate',
    title: 'Terminating a pool with 16 000 calls',
    rivals: ['forkyard', ...threads],
    sizes,
    figureSize: 16_000,
    submit: (pool, calls) => ({
      results: times(calls, () => pool.call(longMs)),
      end: () => void pool.close(),
    }),
  },
  {
    name: 'abort-lost-worker',
    title: 'A killed worker that had 16 000 tasks',
    rivals: ['forkyard'],
    sizes,
    figureSize: 16_000,
    poolSize: (calls) => ({ workers: 1, concurrency: calls + 1 }),
    submit(pool, calls) {
      const results = times(calls, () => pool.call(longMs));
      // A worker takes its tasks in order: once it has ended this one, it has begun all others.
      return { results, ready: pool.call(0), end: () => killWorkers(pool) };
    },
  },
  {
    name: 'abort-timeouts',
    title: '16 000 calls whose time is over together',
    rivals: ['forkyard'],
    sizes,
    figureSize: 16_000,
    poolSize: (calls) => ({ workers: 1, concurrency: calls + 1 }),
    submit(pool, calls) {
      const timeoutMs = 500 + calls / 50;
      const results = times(calls, () => pool.call(longMs, { timeoutMs }));
      return { results, ready: pool.call(0), end: () => {} };
    },
  },
  {
    name: 'abort-map',
    title: 'Aborting a map of 1 000 000 items',
    rivals: ['forkyard'],
    sizes: [1000, 10_000, 100_000, 1_000_000],
    figureSize: 1_000_000,
    submit(pool, calls) {
      const controller = new AbortController();
      const reason = new Error('no longer wanted');
      const items = new Array<number>(calls).fill(longMs);
      const result = pool.map?.(items, { signal: controller.signal });
      return { results: result === undefined ? [] : [result], reason, end: () => controller.abort(reason) };
    },
  },
];

export const abort: readonly Scenario[] = ways.map((way) => ({
  name: way.name,
  group: 'abort',
  title: `${way.title}: CPU time of the end`,
  task: 'wait',
  unit: 'x submission',
  better: 'lower',
  rivals: way.rivals,
  targets: [atMost(3), detailAtMost('growth', 2)],
  async measure(open, settings) {
    await measureSize(open, way, scaled(1000, settings));
    const costs = new Map<number, Cost>();
    for (const size of way.sizes) {
      const cost = await measureSize(open, way, scaled(size, settings));
      costs.set(size, cost);
      if (cost.endUs > mostEndUs) break;
    }
    return sampleOf(costs, way.figureSize);
  },
}));

/** `growth`: how many times as much a call costs at the largest size as at 4 000 or the next one. */
function sampleOf(costs: ReadonlyMap<number, Cost>, figureSize: number) {
  const measured = [...costs].filter(([size]) => size >= 4000);
  const [least, most] = [measured[0], measured.at(-1)] as [[number, Cost], [number, Cost]];
  // At a size that nobody reached, it is at least as bad as at the largest that was.
  const { endUs, submissionUs } = costs.get(figureSize) ?? most[1];
  const details = [...costs].flatMap(([size, cost]): [string, number][] => [
    [`${size}: µs a call`, cost.endUs / size],
    [`${size}: x submission`, cost.endUs / cost.submissionUs],
  ]);
  const growth = most[1].endUs / most[0] / (least[1].endUs / least[0]);
  return { value: endUs / submissionUs, details: { growth, ...Object.fromEntries(details) } };
}

async function measureSize(open: OpenPool, way: Way, calls: number): Promise<Cost> {
  const pool = await open(way.poolSize?.(calls));
  await pool.call(0);
  const submission = startCpuClock();
  const { results, end, reason, ready } = way.submit(pool, calls);
  const settled = Promise.allSettled(results);
  await nextTurn();
  await ready;
  const submissionUs = submission();
  const ending = startCpuClock();
  end();
  const outcomes = await settled;
  const endUs = ending();
  check(outcomes, reason);
  await pool.close();
  return { submissionUs, endUs };
}

function check(outcomes: readonly PromiseSettledResult<unknown>[], reason: Error | undefined): void {
  outcomes.forEach((outcome, i) => {
    if (outcome.status === 'fulfilled')
      throw new Error(`call ${i} gave ${String(outcome.value)} before its end`);
    // Some reject with an error of their own.
    if (reason !== undefined && outcome.reason !== reason && outcome.reason.name !== 'AbortError')
      throw new Error(`call ${i} gave another reason: ${String(outcome.reason)}`);
  });
}

/** Microseconds of this process and its threads since then. */
function startCpuClock(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
}

function killWorkers(pool: BenchPool): void {
  for (const pid of pool.pids?.() ?? []) process.kill(pid, 'SIGKILL');
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
