// Semaphore: so many at a time. Python: multiprocessing.Semaphore. A counter: who acquired and died has used the permit up;
// with `owned` each permit has a cell, and those of the dead come back.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { member } from '../family/membership.js';
import { checkOptions } from '../options/known-options.js';
import { countOf, wholeNumber } from '../options/values.js';
import type { WaitOptions } from '../options/wait-options.js';
import { syncKind } from './kinds.js';
import { OwnedPermits } from './owners.js';

/** The largest value of a semaphore. Python: `SEM_VALUE_MAX`. */
export const semaphoreValueMax = 2 ** 31 - 1;
/** As many cells has one whose permits have owners, at least. */
const fewestCells = 1024;
const mostCells = 2 ** 16;

export interface SemaphoreOptions {
  /**
   * Whether permits have owners: what a process acquired and did not release comes back when it dies. Such a semaphore has
   * at most 1,024 permits, or twice as many as at first if that is more, up to 65,536. Default: false.
   */
  readonly owned?: boolean | undefined;
}

/** A number of permits that anybody takes and anybody gives, between the processes, threads and tasks of a family. */
export class Semaphore extends OwnedPermits {
  readonly #words: Int32Array;
  readonly #state: number;

  /** Throws `RangeError` for a value that is no integer from 0 to 2^31 - 1, `ResourceError` when memory is used up. */
  constructor(value = 1, options: SemaphoreOptions = {}) {
    const method = 'new Semaphore';
    const isOwned = resolveOwned(method, options);
    const most = isOwned ? mostCells : semaphoreValueMax;
    const count = checkValue(method, countOf(method, 'value', value), most);
    super(syncKind.semaphore, isOwned ? Math.min(mostCells, Math.max(fewestCells, 2 * count)) : 0);
    this.#words = this.room.words;
    this.#state = member().addon.constants.syncState;
    if (this.isReceived) return;
    if (isOwned) this.closeFrom(count);
    else Atomics.store(this.#words, this.#state, count);
  }

  /** Takes a permit, when there is one. Rejects with `TimeoutError` or the reason of `signal`. */
  async acquire(options?: WaitOptions): Promise<void> {
    await this.obtain('Semaphore.acquire', options);
  }

  /** Takes a permit; blocks this thread until there is one. Throws `TimeoutError`. */
  acquireSync(options?: WaitOptions): void {
    this.obtainSync('Semaphore.acquireSync', options);
  }

  /** False if there is no permit. */
  tryAcquire(): boolean {
    return this.takeNow() !== undefined;
  }

  /**
   * Gives `permits` more. Throws `RangeError` beyond the most that there can be, with nothing given. With `owned` these are
   * first those that this thread has acquired; if another process makes the last ones at that moment, some may be given.
   */
  release(permits = 1): void {
    wholeNumber('Semaphore.release', 'permits', permits);
    if (this.cells > 0) return this.#releaseOwned(permits);
    for (;;) {
      const value = this.value;
      checkValue('Semaphore.release', value + permits, semaphoreValueMax);
      if (Atomics.compareExchange(this.#words, this.#state, value, value + permits) === value) break;
    }
    for (let permit = 0; permit < permits && this.value > 0; permit++) this.room.wakeNext();
  }

  /** The permits that are left, at this moment. Python: `get_value()`. */
  get value(): number {
    return this.cells > 0 ? this.free() : Atomics.load(this.#words, this.#state);
  }

  protected override take(): number | undefined {
    if (this.cells > 0) return super.take();
    for (;;) {
      const value = Atomics.load(this.#words, this.#state);
      if (value === 0) return undefined;
      if (Atomics.compareExchange(this.#words, this.#state, value, value - 1) === value) return value;
    }
  }

  protected override isThere(): boolean {
    return this.value > 0;
  }

  protected describe(): string {
    return 'all permits are taken';
  }

  #releaseOwned(permits: number): void {
    const own = this.ownCells();
    const opened = this.open(permits - own.length);
    if (opened < permits - own.length) {
      throw argumentRangeError(
        'Semaphore.release',
        'permits',
        `at most ${own.length + opened}: a semaphore with owners has ${this.cells} permits at most`,
        permits,
      );
    }
    for (const cell of own.slice(0, permits)) this.giveUp(cell);
  }
}

function resolveOwned(method: string, options: SemaphoreOptions): boolean {
  checkOptions(method, options, ['owned']);
  const { owned = false } = options;
  if (typeof owned !== 'boolean') throw argumentTypeError(method, 'owned', 'a boolean', owned);
  return owned;
}

function checkValue(method: string, value: number, most: number): number {
  if (value <= most) return value;
  throw argumentRangeError(method, 'value', `at most ${most}`, value);
}
