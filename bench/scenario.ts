// What a scenario is: one kind of work, written once against BenchPool, so that every rival does the same.
// Who does the work is rivals/; how often and in which order, run.ts; what is wanted of the figures, targets.ts.
import type * as serviceTasks from './service/tasks.js';
import type { Target } from './targets.js';
import type * as tasks from './tasks.js';

export type CommonTaskName = keyof typeof tasks;
export type TaskName = CommonTaskName | Exclude<keyof typeof serviceTasks, 'makeSales'>;

/** A pool of one rival, opened for one task. */
export interface BenchPool {
  /** Runs the task on the value in a worker; the promise of its result. */
  call(value: unknown, ends?: CallEnds): PromiseLike<unknown>;
  /** Results in the order of the items. Left out where a call for each item is all there is. */
  map?(items: readonly unknown[], ends?: CallEnds): PromiseLike<unknown[]>;
  /** Of a `map` that sends items or results singly: more than so many would take minutes. */
  readonly mostItems?: number;
  /** Results as they come, in the order of the items, of which 100 may travel together. */
  imap?(items: readonly unknown[]): AsyncIterable<unknown>;
  /** An array over memory that workers share with the caller. */
  share?(length: number): Float64Array;
  /** The workers that run now; there may be fewer for a moment after one died. */
  pids?(): number[];
  /** Runs `clock` in a process of its own, and waits for its end. */
  runProcess?(): Promise<ProcessTimes>;
  close(): Promise<unknown>;
}

/** What may end a call before its task has ended; for scenarios and rivals that know it. */
export interface CallEnds {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Milliseconds since the request. */
export interface ProcessTimes {
  /** Until the task ran. */
  readonly runningMs: number;
  /** Until the process had ended, and its parent knew it. */
  readonly joinedMs: number;
}

export interface PoolSize {
  /** Default: that of the settings. */
  readonly workers?: number;
  /** How many asynchronous tasks a worker overlaps, for scenarios of Forkyard alone. Default 1. */
  readonly concurrency?: number;
}

export type OpenPool = (size?: PoolSize) => BenchPool | Promise<BenchPool>;

/** What one trial measured: the figure that is compared, and others worth knowing. */
export interface Sample {
  readonly value: number;
  readonly details?: Readonly<Record<string, number>>;
}

export interface Settings {
  readonly workers: number;
  /** Milliseconds of measuring, for scenarios that count what is done in a time. */
  readonly measureMs: number;
  /** Milliseconds of the same before it, not measured. */
  readonly warmUpMs: number;
  /** What the sizes of inputs are multiplied with: 1, but for a quick look. */
  readonly scale: number;
}

/** What not every rival can do: a rival that cannot says why (`Rival.lacks`) and is left out of the scenario. */
export type Ability =
  | 'typed arrays'
  | 'imap'
  | 'shared memory'
  | 'surviving kills'
  | 'event loop'
  | 'single processes';

export interface Scenario {
  readonly name: string;
  /** A word for several scenarios on the command line; it is also what Python's side knows them by. */
  readonly group: string;
  readonly title: string;
  readonly task: TaskName;
  /** Where the task is, if not in tasks.ts: service/tasks.ts, whose imports would burden all others. */
  readonly taskModule?: 'service';
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly needs?: Ability;
  /** The only rivals that it is for. */
  readonly rivals?: readonly string[];
  /** Tasks differ in length, or workers die: rivals with a queue that is meant for this use it. */
  readonly queued?: true;
  /** What distinguishes it from others of its group, for Python's side. */
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly targets?: readonly Target[];
  /** Left out by `--quick`. */
  readonly fullOnly?: true;
  /** One trial. Throws if a result is wrong. */
  measure(open: OpenPool, settings: Settings): Promise<Sample>;
}

/** The median; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The value within which this share of all values is. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}

/** A size of an input, at the scale of the settings; at least 2, so that it has two ends. */
export function scaled(size: number, { scale }: Settings): number {
  return Math.max(2, Math.round(size * scale));
}
