// The tasks that wait for a worker, encoded, oldest first. One that is withdrawn leaves its memory at once and its place
// when it would be its turn: thousands can be withdrawn together.
import type { EncodedMessage } from '../channel/ring-writer.js';
import { Fifo } from '../util/fifo.js';
import type { TaskEntry } from './calls.js';

export class Backlog {
  readonly #queue = new Fifo<TaskEntry>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(entry: TaskEntry, message: EncodedMessage): void {
    entry.message = message;
    this.#length++;
    this.#queue.push(entry);
  }

  /** In front of all others, in their order. Each has its message. */
  unshift(entries: readonly TaskEntry[]): void {
    this.#length += entries.length;
    this.#queue.unshift(entries);
  }

  /** The oldest, which stays. */
  peek(): TaskEntry | undefined {
    for (;;) {
      const entry = this.#queue.peek();
      if (entry === undefined || entry.message !== undefined) return entry;
      this.#queue.shift();
    }
  }

  /** Takes away what `peek` gave. */
  shift(): void {
    const entry = this.#queue.shift();
    if (entry !== undefined) this.withdraw(entry);
  }

  /** Its message, if it was waiting: it is not any more. */
  withdraw(entry: TaskEntry): EncodedMessage | undefined {
    const { message } = entry;
    if (message === undefined) return undefined;
    entry.message = undefined;
    this.#length--;
    return message;
  }

  /** The messages of all; the backlog is empty afterwards. */
  takeAll(): EncodedMessage[] {
    const messages: EncodedMessage[] = [];
    for (let entry = this.peek(); entry !== undefined; entry = this.peek()) {
      messages.push(entry.message as EncodedMessage);
      this.shift();
    }
    return messages;
  }
}
