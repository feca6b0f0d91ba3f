// A queue that stays quick with a hundred thousand waiting: Array.shift moves what is left of a long array.

const leastToCompact = 1024;

export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest, which stays. */
  peek(): T | undefined {
    return this.#items[this.#start];
  }

  shift(): T | undefined {
    const item = this.#items[this.#start];
    if (this.length === 0) return undefined;
    // What was taken must not be kept alive by its place.
    this.#items[this.#start++] = undefined;
    if (this.length === 0) this.clear();
    else if (this.#start > leastToCompact && this.#start * 2 > this.#items.length) this.unshift([]);
    return item;
  }

  /** Puts items in front of all others, in their order. */
  unshift(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#start)];
    this.#start = 0;
  }

  /** Everything, oldest first; the queue is empty afterwards. */
  takeAll(): T[] {
    const items = this.#items.slice(this.#start) as T[];
    this.clear();
    return items;
  }

  clear(): void {
    this.#items = [];
    this.#start = 0;
  }
}
