// What a pool needs of its workers, wherever they run. Today's backend is process-backend.ts.
import type { EncodedMessage, RecordHead } from '../channel/ring-writer.js';
import type { ExitStatus } from '../process/exit-status.js';

/** A message that a worker had not begun with: a task can be given to another. */
export interface UnstartedTask {
  readonly id: number;
  readonly type: number;
  readonly taskNumber: number;
  /** Null if its slabs could not be had back. */
  readonly message: EncodedMessage | null;
}

/** A message of `resultMessageType` from a worker. */
export interface WorkerResult {
  readonly type: number;
  readonly id: number;
  /** Its value; may throw. Only during `onResult`. */
  decode(): unknown;
}

/** What a pool is told of a worker, in this order; `onResult` any number of times, also between the other calls. */
export interface WorkerEvents {
  onReady(): void;
  /** It will never be ready: the system refused, or it could not do as it was told. */
  onStartFailed(error: unknown): void;
  /** It will never be ready. */
  onInitializerFailed(error: unknown): void;
  onResult(result: WorkerResult): void;
  /** It has imported the task of that number. Between results. */
  onImported(taskNumber: number): void;
  /** Everything that has arrived was told. */
  onDrained(): void;
  /** Dead; all its results were told before. */
  onEnded(status: ExitStatus): void;
  /** What it had not begun, once nobody else can touch it. The last call. */
  onReclaimed(unstarted: UnstartedTask[]): void;
}

export interface PoolWorker {
  readonly name: string;
  readonly pid: number | null;
  /** Mean run time of its last tasks, in microseconds; 0 while unknown. */
  readonly meanTaskUs: number;
  /** How long it has been running tasks, in milliseconds. */
  readonly busyMs: number;
  /** The id of the task whose function it called last and that is not finished; -1 if there is none. */
  readonly runningTask: number;
  /** Which item of that task, if there are several; else -1. */
  readonly runningItem: number;
  /** How many items it has begun with, modulo 2^32. */
  readonly itemsBegun: number;
  /** Whether it can be given a task now, as far as room goes. */
  readonly hasRoom: boolean;
  /** Null if it was given; else the encoded message, to be given later. Throws if the value cannot be encoded. */
  give(head: RecordHead, value: unknown): EncodedMessage | null;
  giveEncoded(head: RecordHead, message: EncodedMessage): boolean;
  /** After it could not be given this: true if it can by now; else it has no room until it can, and then `onDrained`. */
  wantRoom(message: EncodedMessage): boolean;
  /** For messages that wait for room by themselves. */
  send(head: RecordHead, value: unknown): void;
  /** A mark of what was given so far, for `hasBegun`. */
  readonly mark: number;
  /** The mark up to which it has begun. */
  readonly progress: number;
  /** Whether it has begun with everything before that mark. */
  hasBegun(mark: number): boolean;
  /** Takes back what it has not begun, oldest first; it may go on beginning meanwhile. */
  takeBack(most: number): UnstartedTask[];
  signal(signal: number): void;
  /** Asks for a sign of life; the function tells whether there was one since. A worker in a long function gives none. */
  probe(): () => boolean;
}

export interface WorkerOptions {
  readonly index: number;
  readonly name: string;
}

export interface PoolBackend {
  /** Throws if there is no slot or memory for one more. */
  start(options: WorkerOptions, events: WorkerEvents): PoolWorker;
}
