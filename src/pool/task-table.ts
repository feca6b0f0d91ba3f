// The tasks on their way, by id. An id is used again once its task is settled and no worker can tell of it any more.
import type { Attempt, Chunk, ResultSink, TaskEntry } from './calls.js';

export class TaskTable {
  readonly #entries: (TaskEntry | undefined)[] = [];
  readonly #free: number[] = [];
  #unsettled = 0;

  /** How many are not settled. */
  get unsettled(): number {
    return this.#unsettled;
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
      worker: undefined,
      next: undefined,
      previous: undefined,
      isSettled: false,
      mark: 0,
      message: undefined,
    };
    this.#entries[id] = entry;
    this.#unsettled++;
    sink.attach(entry);
    return entry;
  }

  get(id: number): TaskEntry | undefined {
    return this.#entries[id];
  }

  /** Settles it and gives its id back: no worker has it any more. */
  delete(entry: TaskEntry): void {
    this.settle(entry);
    if (this.#entries[entry.id] !== entry) return;
    this.#entries[entry.id] = undefined;
    this.#free.push(entry.id);
  }

  /** Settles it; a worker may still have it, until it is deleted. */
  settle(entry: TaskEntry): void {
    if (entry.isSettled) return;
    entry.isSettled = true;
    this.#unsettled--;
    entry.sink.detach(entry);
  }

  all(): TaskEntry[] {
    return this.#entries.filter((entry) => entry !== undefined);
  }
}
