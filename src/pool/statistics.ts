// Figures of a pool at one moment: what `pool.stats()` gives.

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

/** Counts are of tasks; a chunk of a map counts as one. */
export interface PoolStatistics {
  readonly state: 'open' | 'closing' | 'terminated' | 'broken';
  readonly workers: readonly WorkerStatistics[];
  /** Given out or waiting. */
  readonly unsettled: number;
  /** Of these, waiting for a worker. */
  readonly waiting: number;
  readonly completed: number;
  readonly failed: number;
  /** Died with their worker. */
  readonly lost: number;
  /** Workers that replaced a dead one. */
  readonly restarts: number;
}
