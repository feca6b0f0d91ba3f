// BoundedSemaphore: so many at a time, and no more permits than at first. Python: multiprocessing.BoundedSemaphore; unlike
// it, the permits of a process that dies come back.
import { argumentRangeError } from '../errors.js';
import { wholeNumber } from '../options/values.js';
import { Acquisition, type Guard, type Guarded } from './guard.js';
import { syncKind } from './kinds.js';
import { checkFunction } from './lock.js';
import { OwnedPermits, ownerDiedFlag } from './owners.js';
import type { WaitOptions } from './wait-options.js';
import { notHeld } from './waitable.js';

const mostPermits = 2 ** 16;

/** A fixed number of permits, each with its owner, between the processes, threads and tasks of a family. */
export class BoundedSemaphore extends OwnedPermits implements Guarded {
  /** By cell: the acquisition that this environment has it from. */
  readonly #acquisitions = new Map<number, number>();
  #acquired = 0;

  /** Throws `RangeError` for a value that is no integer from 1 to 65,536, `ResourceError` when memory is used up. */
  constructor(value = 1) {
    if (wholeNumber('new BoundedSemaphore', 'value', value) > mostPermits) {
      throw argumentRangeError('new BoundedSemaphore', 'value', `at most ${mostPermits}`, value);
    }
    super(syncKind.boundedSemaphore, value);
  }

  /** Takes a permit, when there is one. Rejects with `TimeoutError` or the reason of `signal`. */
  async acquire(options?: WaitOptions): Promise<Guard> {
    return this.#hold(await this.waitFor('BoundedSemaphore.acquire', options));
  }

  /** Takes a permit; blocks this thread until there is one. Throws `TimeoutError`. */
  acquireSync(options?: WaitOptions): Guard {
    return this.#hold(this.waitForSync('BoundedSemaphore.acquireSync', options));
  }

  /** A guard, or undefined if there is no permit. */
  tryAcquire(): Guard | undefined {
    const taken = this.takeNow();
    return taken === undefined ? undefined : this.#hold(taken);
  }

  /** Runs `fn` with a permit, until what it returns is settled. */
  async run<Result>(
    fn: (guard: Guard) => Result | PromiseLike<Result>,
    options?: WaitOptions,
  ): Promise<Result> {
    checkFunction('BoundedSemaphore.run', fn);
    const guard = await this.acquire(options);
    try {
      return await fn(guard);
    } finally {
      guard.release();
    }
  }

  /** Runs `fn`, which must not be asynchronous, with a permit. */
  runSync<Result>(fn: (guard: Guard) => Result, options?: WaitOptions): Result {
    checkFunction('BoundedSemaphore.runSync', fn);
    const guard = this.acquireSync(options);
    try {
      return fn(guard);
    } finally {
      guard.release();
    }
  }

  /**
   * Gives a permit back: one of this thread's, the newest first, or else somebody's, as in Python. Throws
   * `ERR_FORKYARD_NOT_HELD` if all permits are here.
   */
  release(): void {
    for (const cell of [...this.#acquisitions.keys()].reverse()) {
      this.#acquisitions.delete(cell);
      if (this.giveUp(cell)) return;
    }
    if (!this.giveUpAny()) {
      throw notHeld(
        `BoundedSemaphore.release: all ${this.count} permits are here already; acquire one first`,
      );
    }
  }

  /** The permits that are left, at this moment. Python: `get_value()`. */
  get value(): number {
    return this.free();
  }

  /** @internal */
  endAcquisition(acquisition: number): void {
    for (const [cell, mine] of this.#acquisitions) {
      if (mine !== acquisition) continue;
      this.#acquisitions.delete(cell);
      if (this.giveUp(cell)) return;
    }
    throw notHeld('Guard.release: what it guarded was released already; a guard is released once');
  }

  protected describe(): string {
    return 'a permit';
  }

  #hold(taken: number): Guard {
    const acquisition = ++this.#acquired;
    this.#acquisitions.set(taken & ~ownerDiedFlag, acquisition);
    return new Acquisition(this, acquisition, (taken & ownerDiedFlag) !== 0);
  }
}
