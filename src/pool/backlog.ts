// The tasks that wait for a worker, encoded, oldest first. One that is withdrawn leaves its memory at once and its place
// when it would be its turn: thousands can be withdrawn together.
import type { EncodedMessage } from '../channel/ring-writer.js';
import { Fifo } from '../util/fifo.js';
import type { TaskEntry } from './calls.js';

/** A task that waits for a worker. */
export interface WaitingTask {
  readonly entry: TaskEntry;
  readonly message: EncodedMessage;
}

export class Backlog {
  readonly #queue = new Fifo<WaitingTask>();
  readonly #messages = new Map<TaskEntry, EncodedMessage>();

  get length(): number {
    return this.#messages.size;
  }

  push(entry: TaskEntry, message: EncodedMessage): void {
    this.#messages.set(entry, message);
    this.#queue.push({ entry, message });
  }

  /** In front of all others, in their order. */
  unshift(tasks: readonly WaitingTask[]): void {
    for (const { entry, message } of tasks) this.#messages.set(entry, message);
    this.#queue.unshift(tasks);
  }

  /** The oldest, which stays. */
  peek(): WaitingTask | undefined {
    for (;;) {
      const task = this.#queue.peek();
      if (task === undefined || this.#messages.get(task.entry) === task.message) return task;
      this.#queue.shift();
    }
  }

  /** Takes away what `peek` gave. */
  shift(): void {
    const task = this.#queue.shift();
    if (task !== undefined) this.#messages.delete(task.entry);
  }

  /** Its message, if it was waiting: it is not any more. */
  withdraw(entry: TaskEntry): EncodedMessage | undefined {
    const message = this.#messages.get(entry);
    if (message !== undefined) this.#messages.delete(entry);
    return message;
  }

  /** Everything; the backlog is empty afterwards. */
  takeAll(): EncodedMessage[] {
    const messages = [...this.#messages.values()];
    this.#messages.clear();
    this.#queue.clear();
    return messages;
  }
}
