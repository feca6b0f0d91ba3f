// What a pool and its workers say to each other, as types of ring records. Ids and numbers travel in the record's head.
import type { SpinSettings } from '../family/spinning.js';
import { bootMessageType } from '../process/bootstrap.js';
import type { TaskReference } from '../task/reference.js';

const first = bootMessageType.firstOwn;

/** Pool to worker. `extra` is the number of the task. */
export const taskMessageType = {
  /** Value: the TaskReference that the number stands for from now on. */
  define: first,
  /** Value: the arguments. */
  apply: first + 1,
  /** Value: an array of single arguments. */
  map: first + 2,
  /** Value: an array of argument lists. */
  starmap: first + 3,
  /** Finish what was taken, then end. */
  close: first + 4,
} as const;

/** Whether a message to a worker is a task. */
export function isTask(type: number): boolean {
  return type >= taskMessageType.apply && type !== taskMessageType.close;
}

/** Worker to pool. `id` is that of the task. */
export const resultMessageType = {
  /** The initializer has run: tasks may come. */
  ready: first + 8,
  /** Value: what the task returned; of a chunk, the array of it. */
  result: first + 9,
  /** Value: what the task threw. */
  failure: first + 10,
  /** Value: ChunkFailure. */
  chunkFailure: first + 11,
  /** Value: what the initializer threw; no task will be run. */
  initializerFailed: first + 12,
  /** The task whose number is the `id` is imported: from now on its calls take their own time only. */
  imported: first + 13,
} as const;

/** A chunk stops at the first item that throws. */
export interface ChunkFailure {
  /** Results of the items before it. */
  readonly values: unknown[];
  readonly error: unknown;
}

/** What a worker is started with. */
export interface WorkerPayload {
  readonly concurrency: number;
  readonly spin: SpinSettings;
  readonly initializer: TaskReference | undefined;
}

/** What it is given besides, if it has an initializer. */
export interface WorkerValues {
  readonly initargs: unknown[];
}
