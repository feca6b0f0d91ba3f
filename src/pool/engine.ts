// What a pool needs of whatever places its work. Calls, results and options are the pool's (pool.ts); today's only engine,
// local processes, is supervisor.ts over dispatcher.ts. Events go upwards; nobody below knows a pool.
import type { BrokenPoolError } from '../errors.js';
import type { TaskReference } from '../task/reference.js';
import type { Chunk, Feed, ResultSink } from './calls.js';
import type { EngineStatistics } from './statistics.js';

export interface Engine {
  /** Whether somebody waits for anything. */
  readonly isAwaited: boolean;
  /** Whether everything that was accepted is done. */
  readonly isDone: boolean;
  /** The number by which chunks name a task. */
  numberOf(reference: TaskReference): number;
  /** One task, now or when a worker is free. Throws, with nothing done, if the value cannot be encoded. */
  submit(chunk: Chunk, sink: ResultSink): void;
  /** A source of tasks, drawn from as workers become free. */
  addFeed(feed: Feed): void;
  /** A feed may have chunks again. */
  pump(): void;
  /** Reads the inputs of all feeds to their end, though their results may not be taken. */
  readAhead(): void;
  /** The call is over: it fails with this error. Functions of it that run can only be stopped with their workers. */
  cancel(sink: ResultSink, error: unknown): void;
  /** Settles everything with the same error. */
  failAll(error: unknown): void;
  /** Lets the workers finish what they have and end. */
  close(): void;
  /** Ends the workers at once. */
  terminate(): void;
  stats(): EngineStatistics;
}

export interface EngineEvents {
  /** `isAwaited` or `isDone` may have changed. */
  onProgress(): void;
  /** It cannot go on. */
  onBroken(error: BrokenPoolError): void;
  /** No worker is left, and none will be started. */
  onAllGone(): void;
}
