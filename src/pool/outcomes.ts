// What became of a task: told to who asked for it, or tried again. How tasks come to workers is dispatcher.ts.
import type { Attempt, Chunk, TaskEntry } from './calls.js';
import { type ChunkFailure, resultMessageType } from './messages.js';

export class Outcomes {
  readonly #runAgain: (entry: TaskEntry, attempt: Attempt) => void;
  completed = 0;
  failed = 0;
  lost = 0;
  timedOut = 0;
  retried = 0;

  /** `runAgain` gets what is to be tried once more. */
  constructor(runAgain: (entry: TaskEntry, attempt: Attempt) => void) {
    this.#runAgain = runAgain;
  }

  /** What a worker told. */
  deliver(entry: TaskEntry, type: number, value: unknown): void {
    const { sink, index, again } = entry;
    if (type === resultMessageType.result) {
      this.completed++;
      sink.onResult(index, again === undefined ? value : withDone(again, value));
      return;
    }
    if (type !== resultMessageType.chunkFailure) {
      if (!this.#retry(entry)) this.fail(entry, value);
      return;
    }
    const { values, error } = value as ChunkFailure;
    if (this.#retry(entry, values)) return;
    this.failed++;
    sink.onChunkFailure(index, again === undefined ? values : [...again.done, ...values], error);
  }

  /** Its worker died, and may have done a part of it. */
  lose(entry: TaskEntry, error: () => unknown): void {
    if (this.#retry(entry)) return;
    this.lost++;
    entry.sink.onFailure(entry.index, error());
  }

  expire(entry: TaskEntry, error: unknown): void {
    this.timedOut++;
    if (!this.#retry(entry)) this.fail(entry, error);
  }

  /** For good. */
  fail(entry: TaskEntry, error: unknown): void {
    this.failed++;
    entry.sink.onFailure(entry.index, error);
  }

  // `values` are the results of a chunk before the item that threw: these are done, and the next item has all its tries.
  #retry(entry: TaskEntry, values: unknown[] = []): boolean {
    const { again, limits } = entry;
    if (again === undefined) return false;
    const retriesLeft = values.length > 0 ? limits.retries : again.retriesLeft;
    if (retriesLeft === 0) return false;
    this.retried++;
    this.#runAgain(entry, {
      chunk: without(again.chunk, values.length),
      retriesLeft: retriesLeft - 1,
      done: values.length === 0 ? again.done : [...again.done, ...values],
    });
    return true;
  }
}

/** The first attempt of a chunk, if there may be a second. */
export function firstAttempt(chunk: Chunk): Attempt | undefined {
  const { retries } = chunk.limits;
  return retries === 0 ? undefined : { chunk, retriesLeft: retries, done: [] };
}

function withDone({ done }: Attempt, value: unknown): unknown {
  return done.length === 0 ? value : [...done, ...(value as unknown[])];
}

function without(chunk: Chunk, items: number): Chunk {
  if (items === 0) return chunk;
  const rest = chunk.value.slice(items);
  return { ...chunk, value: rest, firstItem: chunk.firstItem + items };
}
