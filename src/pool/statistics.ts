// Figures of a pool at one moment: what `pool.stats()` gives.
import type { PoolWorker } from './backend.js';
import type { CrewMember } from './crew.js';
import type { Dispatcher } from './dispatcher.js';

export type PoolState = 'open' | 'closing' | 'terminated' | 'broken';

export interface WorkerStatistics {
  readonly name: string;
  /** Null until it has been started. */
  readonly pid: number | null;
  readonly state: 'starting' | 'idle' | 'busy' | 'ending';
  /** Tasks and chunks that it holds: the one it runs, and those at hand. */
  readonly held: number;
  /** Tasks and chunks that it has finished. */
  readonly completed: number;
  /** Milliseconds that it has been running tasks. */
  readonly busyMs: number;
  /** Mean run time of its last tasks and chunks, in microseconds; 0 while unknown. */
  readonly meanTaskUs: number;
}

/** What the engine of a pool knows. Counts are of tasks; a chunk of a map counts as one. */
export interface EngineStatistics {
  readonly workers: readonly WorkerStatistics[];
  /** Given out or waiting. */
  readonly unsettled: number;
  /** Of these, waiting for a worker. */
  readonly waiting: number;
  readonly completed: number;
  readonly failed: number;
  /** Died with their worker. */
  readonly lost: number;
  /** Ran for longer than their `timeout`. */
  readonly timedOut: number;
  /** Run once more after a failure. */
  readonly retried: number;
  /** Workers that replaced a dead or dismissed one. */
  readonly restarts: number;
}

export interface PoolStatistics extends EngineStatistics {
  readonly state: PoolState;
}

/** A worker and what is known of it. */
interface Post {
  readonly worker: PoolWorker;
  readonly member: CrewMember;
  readonly closing: boolean;
}

/** @internal */
export function statisticsOf(
  dispatcher: Dispatcher,
  posts: readonly Post[],
  restarts: number,
): EngineStatistics {
  const { unsettled, waiting } = dispatcher;
  const { completed, failed, lost, timedOut, retried } = dispatcher.outcomes;
  const workers = posts.map(({ worker, member, closing }) => ({
    name: worker.name,
    pid: worker.pid,
    state: workerState(closing, member),
    held: member.held,
    completed: member.completed,
    busyMs: worker.busyMs,
    meanTaskUs: worker.meanTaskUs,
  }));
  return { workers, unsettled, waiting, completed, failed, lost, timedOut, retried, restarts };
}

function workerState(closing: boolean, { isReady, held }: CrewMember): WorkerStatistics['state'] {
  if (closing) return 'ending';
  if (!isReady) return 'starting';
  return held > 0 ? 'busy' : 'idle';
}
