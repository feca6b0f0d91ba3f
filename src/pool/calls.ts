// What a pool has to do, in its two forms: a single task that waits for a worker, and a feed that makes its chunks only
// when a worker can take one. Who asked for it and gets the results is results/.
import type { EncodedMessage } from '../channel/ring-writer.js';
import type { CrewMember } from './crew.js';

/**
 * A call: it receives the outcomes of its tasks, and knows which of them are on their way. `index` is its own number for a
 * task or chunk.
 */
export interface ResultSink {
  /** A task of it is on its way from now on. */
  attach(task: TaskEntry): void;
  /** The task is settled. */
  detach(task: TaskEntry): void;
  /** Those on their way now; they may be detached while the list is gone through. */
  tasks(): readonly TaskEntry[];
  onResult(index: number, value: unknown): void;
  onFailure(index: number, error: unknown): void;
  /** Of a chunk: the results before the item that threw. */
  onChunkFailure(index: number, values: unknown[], error: unknown): void;
}

/** What a call allows its tasks. */
export interface CallLimits {
  /** 0: as long as they take. */
  readonly timeoutMs: number;
  readonly retries: number;
}

/** One record's worth of work for a worker. */
export interface Chunk {
  readonly type: number;
  readonly taskNumber: number;
  readonly index: number;
  /** Arguments of a single call, or the items of a chunk. */
  readonly value: readonly unknown[];
  /** Number of its first item in the input; 0 for a single call. */
  readonly firstItem: number;
  readonly limits: CallLimits;
}

/** Makes chunks on demand. */
export interface Feed extends ResultSink {
  /** What all its chunks are of. */
  readonly plan: { readonly taskNumber: number; readonly limits: CallLimits };
  /** Runs what is the caller's, as the input and what encodes its items, in the asynchronous context of the call. */
  readonly scope: <Args extends unknown[], R>(act: (...args: Args) => R, ...args: Args) => R;
  /** The next chunk; null if there is none now (`isExhausted` tells whether there ever will be). May throw nothing. */
  next(): Chunk | null;
  readonly isExhausted: boolean;
  /** Whether somebody waits for it: an iterator that nobody reads must not keep the program alive. */
  readonly isAwaited: boolean;
  /** From now on it is read to its end, however little of its results is taken. */
  readAhead(): void;
}

/** A task on its way: in a worker, or waiting for one. */
export interface TaskEntry {
  readonly id: number;
  readonly index: number;
  readonly sink: ResultSink;
  readonly taskNumber: number;
  readonly type: number;
  readonly firstItem: number;
  readonly limits: CallLimits;
  /** Kept only while it may have to be run again. */
  readonly again: Attempt | undefined;
  /** The worker that has it, and its neighbours in that one's list (task-list.ts). */
  worker: CrewMember | undefined;
  next: TaskEntry | undefined;
  previous: TaskEntry | undefined;
  /** Its call has been told. A worker may still have it: then its id stays taken until the worker has been asked. */
  isSettled: boolean;
  /** The worker's mark after it was given. */
  mark: number;
  /** Its arguments, encoded, while it waits for a worker. */
  message: EncodedMessage | undefined;
}

/** What is needed to run a task once more. */
export interface Attempt {
  readonly chunk: Chunk;
  readonly retriesLeft: number;
  /** Results of the chunk's items that were done before: only the others are run again. */
  readonly done: unknown[];
}
