// Queue: a SimpleQueue that may have a limit, that can be asked without waiting, and that takes many values at a time. Python:
// multiprocessing.Queue; unlike it, it has no feeder thread: what `put` has returned from is in.
import { argumentRangeError, argumentTypeError, QueueFull } from '../errors.js';
import { wholeNumber } from '../options/values.js';
import { resolveWait, type WaitOptions } from '../options/wait-options.js';
import { queueKind } from './kinds.js';
import { anything } from './message-queue.js';
import { discard, encodeValue, type OutgoingItem } from './outgoing.js';
import { gotValue, type QueueOptions, SimpleQueue } from './simple-queue.js';

const mostItems = 2 ** 31 - 1;

export class Queue<T = unknown> extends SimpleQueue<T> {
  /** How many values it holds at most; 0: as many as there is memory for. */
  readonly maxSize: number;

  /** `maxSize`: 0 or less is no limit, as in Python. Throws `ResourceError` when shared memory is used up. */
  constructor(maxSize?: number);
  /** @internal */
  constructor(maxSize: number, options: Partial<QueueOptions>);
  constructor(maxSize = 0, options: Partial<QueueOptions> = {}) {
    const size = Math.max(0, checkSize(maxSize));
    super({ kind: queueKind.queue, ...options, maxSize: size });
    this.maxSize = size;
  }

  /** Puts a value in, or throws `QueueFull`. */
  putNowait(value: T): void {
    this.putItemSync(`${this.constructor.name}.putNowait`, encodeValue(value), { timeout: 0 });
  }

  /** The first value, or throws `QueueEmpty`. */
  getNowait(): T {
    return this.getSync({ timeout: 0 });
  }

  /**
   * Puts several in, in this order; others may put theirs between. All are encoded first. If the time is up before all are in, the
   * error (`QueueFull`) says in `put` how many are.
   */
  async putMany(values: Iterable<T>, options?: WaitOptions): Promise<void> {
    const method = `${this.constructor.name}.putMany`;
    const items = encodeAll(method, values);
    let put = 0;
    try {
      const wait = resolveWait(method, options, true);
      const deadline = performance.now() + wait.timeoutMs;
      for (const item of items) {
        const timeout = Math.max(0, deadline - performance.now());
        await this.putItem(method, item, { timeout, ...(wait.signal && { signal: wait.signal }) });
        put++;
      }
    } catch (error) {
      // The one that failed is discarded already.
      for (const item of items.slice(put + 1)) discard(item);
      throw withCount(error, put);
    }
  }

  putManySync(values: Iterable<T>, options?: WaitOptions): void {
    const method = `${this.constructor.name}.putManySync`;
    const items = encodeAll(method, values);
    let put = 0;
    try {
      const { timeoutMs } = resolveWait(method, options, false);
      const deadline = performance.now() + timeoutMs;
      for (const item of items) {
        this.putItemSync(method, item, { timeout: Math.max(0, deadline - performance.now()) });
        put++;
      }
    } catch (error) {
      for (const item of items.slice(put + 1)) discard(item);
      throw withCount(error, put);
    }
  }

  /**
   * Waits for a first value as `get` does, and takes with it what else there is: `most` at most. One that cannot be decoded ends them,
   * and is the error of the next call.
   */
  async getMany(most: number, options?: WaitOptions): Promise<T[]> {
    wholeNumber(`${this.constructor.name}.getMany`, 'most', most);
    return this.#withMore(await this.get(options), most);
  }

  getManySync(most: number, options?: WaitOptions): T[] {
    wholeNumber(`${this.constructor.name}.getManySync`, 'most', most);
    return this.#withMore(this.getSync(options), most);
  }

  /** How many values are in it, at this moment. */
  qsize(): number {
    return this.messages.size;
  }

  /** Whether there is no room, at this moment. */
  full(): boolean {
    return this.maxSize > 0 && this.qsize() >= this.maxSize;
  }

  /** For programs that come from Python: there is no thread to be joined, nothing happens. */
  joinThread(): void {}

  /** For programs that come from Python: what was put is in, nothing happens. */
  cancelJoinThread(): void {}

  protected override whyFull(): string {
    return `it is full (${this.qsize()} values)`;
  }

  #withMore(first: T, most: number): T[] {
    const values = [first];
    while (values.length < most) {
      const got = this.messages.tryGet(anything);
      if (got === undefined || got.ended === 'closed') break;
      if (got.ended === 'failed') {
        // The values before it are not to be lost with it.
        this.messages.tellNext(got);
        break;
      }
      values.push(gotValue(`${this.constructor.name}.getMany`, got) as T);
    }
    return values;
  }
}

function checkSize(maxSize: unknown): number {
  if (typeof maxSize !== 'number') throw argumentTypeError('new Queue', 'maxSize', 'a number', maxSize);
  if (!Number.isInteger(maxSize) || maxSize > mostItems)
    throw argumentRangeError('new Queue', 'maxSize', `an integer of at most ${mostItems}`, maxSize);
  return maxSize;
}

function encodeAll(method: string, values: unknown): OutgoingItem[] {
  if (typeof (values as Iterable<unknown>)?.[Symbol.iterator] !== 'function' || typeof values === 'string') {
    throw argumentTypeError(method, 'values', 'an iterable of values', values);
  }
  const items: OutgoingItem[] = [];
  try {
    for (const value of values as Iterable<unknown>) items.push(encodeValue(value));
  } catch (error) {
    for (const item of items) discard(item);
    throw error;
  }
  return items;
}

function withCount(error: unknown, put: number): unknown {
  if (!(error instanceof QueueFull)) return error;
  return new QueueFull(`${error.message}; ${put} were put in before`, { cause: error.cause, put });
}
