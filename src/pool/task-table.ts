// The tasks on their way, by id. An id is used again once its task is settled; since a worker's results are all taken
// before its tasks are given to others, no late result can meet a stranger.
import type { Chunk, ResultSink, TaskEntry } from './calls.js';

export class TaskTable {
  readonly #entries: (TaskEntry | undefined)[] = [];
  readonly #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(sink: ResultSink, { index, taskNumber, type }: Chunk): TaskEntry {
    const id = this.#free.pop() ?? this.#entries.length;
    const entry: TaskEntry = { id, index, sink, taskNumber, type, worker: -1, mark: 0 };
    this.#entries[id] = entry;
    this.#size++;
    return entry;
  }

  get(id: number): TaskEntry | undefined {
    return this.#entries[id];
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

  all(): TaskEntry[] {
    return this.#entries.filter((entry) => entry !== undefined);
  }
}
