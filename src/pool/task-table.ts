// The tasks on their way, by id. An id is used again once its task is settled; since a worker's results are all taken
// before its tasks are given to others, no late result can meet a stranger.
import type { Attempt, Chunk, ResultSink, TaskEntry } from './calls.js';

export class TaskTable {
  readonly #entries: (TaskEntry | undefined)[] = [];
  readonly #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(sink: ResultSink, chunk: Chunk, again: Attempt | undefined): TaskEntry {
    const { index, taskNumber, type, firstItem, limits } = chunk;
    const id = this.#free.pop() ?? this.#entries.length;
    const entry: TaskEntry = {
      id,
      index,
      sink,
      taskNumber,
      type,
      firstItem,
      limits,
      again,
      worker: -1,
      mark: 0,
      message: undefined,
    };
    this.#entries[id] = entry;
    this.#size++;
    return entry;
  }

  get(id: number): TaskEntry | undefined {
    return this.#entries[id];
  }

  /** Whether it is still on its way. */
  has(entry: TaskEntry): boolean {
    return this.#entries[entry.id] === entry;
  }

  delete(entry: TaskEntry): void {
    if (this.#entries[entry.id] !== entry) return;
    this.#entries[entry.id] = undefined;
    this.#free.push(entry.id);
    this.#size--;
  }

  ofWorker(worker: number): TaskEntry[] {
    return this.all().filter((entry) => entry.worker === worker);
  }

  ofSink(sink: ResultSink): TaskEntry[] {
    return this.all().filter((entry) => entry.sink === sink);
  }

  all(): TaskEntry[] {
    return this.#entries.filter((entry) => entry !== undefined);
  }
}
