// Semaphore: so many at a time. Python: multiprocessing.Semaphore. A counter: who acquired and died has used the permit up.
// Permits that come back are those of bounded-semaphore.ts.
import { argumentRangeError } from '../errors.js';
import { member } from '../family/membership.js';
import { countOf, wholeNumber } from '../options/values.js';
import { syncKind } from './kinds.js';
import type { WaitOptions } from './wait-options.js';
import { Waitable } from './waitable.js';

/** The largest value of a semaphore. Python: `SEM_VALUE_MAX`. */
export const semaphoreValueMax = 2 ** 31 - 1;

/** A number of permits that anybody takes and anybody gives, between the processes, threads and tasks of a family. */
export class Semaphore extends Waitable<true> {
  readonly #words: Int32Array;
  readonly #state: number;

  /** Throws `RangeError` for a value that is no integer from 0 to 2^31 - 1, `ResourceError` when memory is used up. */
  constructor(value = 1) {
    const count = checkValue('new Semaphore', countOf('new Semaphore', 'value', value));
    super(syncKind.semaphore, 0);
    this.#words = this.room.words;
    this.#state = member().addon.constants.syncState;
    if (!this.isReceived) Atomics.store(this.#words, this.#state, count);
  }

  /** Takes a permit, when there is one. Rejects with `TimeoutError` or the reason of `signal`. */
  async acquire(options?: WaitOptions): Promise<void> {
    await this.waitFor('Semaphore.acquire', options);
  }

  /** Takes a permit; blocks this thread until there is one. Throws `TimeoutError`. */
  acquireSync(options?: WaitOptions): void {
    this.waitForSync('Semaphore.acquireSync', options);
  }

  /** False if there is no permit. */
  tryAcquire(): boolean {
    return this.takeNow() !== undefined;
  }

  /** Gives `permits` more. Throws `RangeError` beyond 2^31 - 1, with nothing given. */
  release(permits = 1): void {
    wholeNumber('Semaphore.release', 'permits', permits);
    for (;;) {
      const value = this.value;
      checkValue('Semaphore.release', value + permits);
      if (Atomics.compareExchange(this.#words, this.#state, value, value + permits) === value) break;
    }
    for (let permit = 0; permit < permits && this.value > 0; permit++) this.room.wakeNext();
  }

  /** The permits that are left, at this moment. Python: `get_value()`. */
  get value(): number {
    return Atomics.load(this.#words, this.#state);
  }

  protected take(): true | undefined {
    for (;;) {
      const value = this.value;
      if (value === 0) return undefined;
      if (Atomics.compareExchange(this.#words, this.#state, value, value - 1) === value) return true;
    }
  }

  protected isThere(): boolean {
    return this.value > 0;
  }

  protected describe(): string {
    return 'a permit';
  }
}

function checkValue(method: string, value: number): number {
  if (value <= semaphoreValueMax) return value;
  throw argumentRangeError(method, 'value', `at most ${semaphoreValueMax}`, value);
}
