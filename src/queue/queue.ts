// Queue: a SimpleQueue that may have a limit, that can be asked without waiting, and that takes many values at a time. Python:
// multiprocessing.Queue; unlike it, it has no feeder thread: what `put` has returned from is in.
import { argumentRangeError, argumentTypeError, QueueFull } from '../errors.js';
import { timeoutError } from '../options/time-out.js';
import { wholeNumber } from '../options/values.js';
import { type ResolvedWait, resolveWait, type WaitOptions } from '../options/wait-options.js';
import { renamePath } from '../serialize/rename-path.js';
import { queueKind } from './kinds.js';
import { anything } from './message-queue.js';
import { discard, encodeKept, encodeValue, type OutgoingItem } from './outgoing.js';
import { type QueueOptions, SimpleQueue } from './simple-queue.js';

const mostItems = 2 ** 31 - 1;

/** How far one got. */
interface PutMany {
  readonly method: string;
  readonly wait: ResolvedWait;
  readonly put: number;
}

/** A queue that may have a limit, that can be asked without waiting, and that takes many values at a time. */
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

  /** Puts a value in now, or throws `QueueFull`. Else as `put`. */
  putNowait(value: T): void {
    this.putItemSync('putNowait', encodeValue(value), { timeoutMs: 0, signal: undefined });
  }

  /** Takes the first value out now, or throws `QueueEmpty`. Else as `get`. */
  getNowait(): T {
    return this.takeSync('getNowait', { timeout: 0 });
  }

  /**
   * Puts several in, in this order; others may put theirs between. All are encoded first: if one cannot be sent, none is put
   * (`SerializationError`, whose `path` begins with `values[2]`). `timeout` is for all of them; when it is up, `put` of the `QueueFull`
   * says how many are in.
   */
  async putMany(values: Iterable<T>, options?: WaitOptions): Promise<void> {
    const method = this.methodName('putMany');
    const wait = resolveWait(method, options, true);
    const items = encodeAll(method, values);
    let put = 0;
    try {
      const deadline = performance.now() + wait.timeoutMs;
      for (const item of items) {
        if (!this.putAtOnce(item)) {
          const timeoutMs = Math.max(0, deadline - performance.now());
          await this.putItem('putMany', item, { timeoutMs, signal: wait.signal });
        }
        put++;
      }
    } catch (error) {
      throw this.#brokenOff(error, items, { method, wait, put });
    }
  }

  /** As `putMany`, blocking this thread while there is no room. */
  putManySync(values: Iterable<T>, options?: Pick<WaitOptions, 'timeout'>): void {
    const method = this.methodName('putManySync');
    const wait = resolveWait(method, options, false);
    const items = encodeAll(method, values);
    let put = 0;
    try {
      const deadline = performance.now() + wait.timeoutMs;
      for (const item of items) {
        if (!this.putAtOnce(item)) {
          const timeoutMs = Math.max(0, deadline - performance.now());
          this.putItemSync('putManySync', item, { timeoutMs, signal: undefined });
        }
        put++;
      }
    } catch (error) {
      throw this.#brokenOff(error, items, { method, wait, put });
    }
  }

  /**
   * Waits for a first value as `get` does, and takes with it what else there is: `most` at most, at least one. One that cannot be
   * decoded ends them, and is the error of the next call.
   */
  async getMany(most: number, options?: WaitOptions): Promise<T[]> {
    wholeNumber(this.methodName('getMany'), 'most', most);
    return this.#withMore(await this.take('getMany', options), most);
  }

  /** As `getMany`, blocking this thread while there is none. */
  getManySync(most: number, options?: Pick<WaitOptions, 'timeout'>): T[] {
    wholeNumber(this.methodName('getManySync'), 'most', most);
    return this.#withMore(this.takeSync('getManySync', options), most);
  }

  /** How many values are in it, at this moment. */
  qsize(): number {
    return this.messages.size;
  }

  /** Whether it holds `maxSize` values, at this moment; never without a limit. */
  full(): boolean {
    return this.maxSize > 0 && this.qsize() >= this.maxSize;
  }

  /** For programs that come from Python: there is no thread to be joined, nothing happens. */
  joinThread(): void {}

  /** For programs that come from Python: what was put is in, nothing happens. */
  cancelJoinThread(): void {}

  protected override whyFull(): string {
    return this.maxSize > 0 ? `it is full (maxSize: ${this.maxSize})` : super.whyFull();
  }

  // What is left is discarded; the one that failed is already. The error is of `putMany` as a whole: what its last wait says of
  // itself is less.
  #brokenOff(error: unknown, items: readonly OutgoingItem[], { method, wait, put }: PutMany): unknown {
    for (const item of items.slice(put + 1)) discard(item);
    if (!(error instanceof QueueFull)) return error;
    const { message } = timeoutError(method, this.whyFull(), wait.timeoutMs);
    return new QueueFull(`${message}; ${put} values were put in before`, { cause: error.cause, put });
  }

  #withMore(first: T, most: number): T[] {
    const values = [first];
    while (values.length < most) {
      const got = this.messages.tryGet(anything);
      // The values before it are not to be lost with it.
      if (got?.ended === 'failed') this.messages.tellNext(got);
      if (got?.ended !== 'got') break;
      values.push(got.value as T);
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
    for (const value of values as Iterable<unknown>) items.push(encodeKept(value));
  } catch (error) {
    for (const item of items) discard(item);
    throw renamePath(error, (path) => `values[${items.length}]${path.replace(/^(?=[^.[])/, '.')}`);
  }
  return items;
}
