// What a scenario is: one kind of work, written once against BenchPool, so that every rival does the same.
// Who does the work is rivals/; how often and in which order, run.ts.
import type { TaskName } from './tasks.js';

/** A pool of one rival, opened for one task. */
export interface BenchPool {
  /** Runs the task on the value in a worker; the promise of its result. */
  call(value: unknown): PromiseLike<unknown>;
  close(): Promise<unknown>;
}

export type OpenPool = () => BenchPool | Promise<BenchPool>;

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
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly task: TaskName;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Whether values are typed arrays: rivals that must choose an encoding need to know. */
  readonly binary: boolean;
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
