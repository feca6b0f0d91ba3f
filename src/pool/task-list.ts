// The tasks that one worker has, as a list through the entries themselves: a task joins and leaves it in constant time and
// without an allocation, as each task of a pool does once. The tasks of a call are in results/, those of the pool in task-table.ts.
import type { TaskEntry } from './calls.js';

export class TaskList {
  #first: TaskEntry | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(entry: TaskEntry): void {
    const first = this.#first;
    entry.next = first;
    if (first !== undefined) first.previous = entry;
    this.#first = entry;
    this.#size++;
  }

  /** The entry is in this list. */
  remove(entry: TaskEntry): void {
    const { next, previous } = entry;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
    entry.next = undefined;
    entry.previous = undefined;
    this.#size--;
  }

  /** Those in it now; they may leave it while they are gone through. */
  all(): TaskEntry[] {
    const entries: TaskEntry[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.next) entries.push(entry);
    return entries;
  }
}
