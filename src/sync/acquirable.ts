// What all have in common that are acquired, and guarded until they are released: Lock, RLock, BoundedSemaphore.
import { argumentTypeError } from '../errors.js';
import type { WaitOptions } from '../options/wait-options.js';
import { isThenable } from '../util/is-thenable.js';
import { Acquisition, type Guard, type Guarded } from './guard.js';
import { OwnedPermits, ownerDiedFlag } from './owners.js';

export abstract class Acquirable extends OwnedPermits implements Guarded {
  /** The class's name, for errors. */
  protected abstract readonly called: string;

  /** Notes by which acquisition a cell was acquired. */
  protected abstract begin(cell: number, acquisition: Acquisition): void;

  /** @internal */
  abstract endAcquisition(acquisition: Acquisition): void;

  /** Waits without blocking anything. Rejects with `TimeoutError`, which says who holds it, or the reason of `signal`. */
  async acquire(options?: WaitOptions): Promise<Guard> {
    return this.hold(await this.obtain(`${this.called}.acquire`, options));
  }

  /**
   * Blocks this thread. Throws `TimeoutError`; and `ERR_FORKYARD_DEADLOCK` where only this thread could release it, which
   * blocked it never would.
   */
  acquireSync(options?: WaitOptions): Guard {
    // Options are looked at wherever there are any, but a name for errors is made only where it may be needed.
    const taken = options === undefined ? this.takeNow() : undefined;
    return this.hold(taken ?? this.obtainSync(`${this.called}.acquireSync`, options));
  }

  /** A guard, or undefined if it is not to be had at the moment. */
  tryAcquire(): Guard | undefined {
    const taken = this.takeNow();
    return taken === undefined ? undefined : this.hold(taken);
  }

  /** Acquires, runs `fn`, and releases when what it returns is settled. */
  async run<Result>(
    fn: (guard: Guard) => Result | PromiseLike<Result>,
    options?: WaitOptions,
  ): Promise<Result> {
    checkFunction(`${this.called}.run`, fn);
    const guard = await this.acquire(options);
    try {
      return await fn(guard);
    } finally {
      guard.release();
    }
  }

  /** Acquires, blocking this thread, runs `fn`, which must not be asynchronous, and releases. */
  runSync<Result>(fn: (guard: Guard) => Result, options?: WaitOptions): Result {
    if (typeof fn !== 'function') checkFunction(`${this.called}.runSync`, fn);
    const guard = this.acquireSync(options);
    try {
      const result = fn(guard);
      if (isThenable(result))
        throw argumentTypeError(`${this.called}.runSync`, 'fn', 'synchronous; use run()', fn);
      return result;
    } finally {
      guard.release();
    }
  }

  protected hold(taken: number): Guard {
    const acquisition = new Acquisition(this, (taken & ownerDiedFlag) !== 0);
    this.begin(taken & ~ownerDiedFlag, acquisition);
    return acquisition;
  }
}

export function checkFunction(method: string, fn: unknown): void {
  if (typeof fn !== 'function') throw argumentTypeError(method, 'fn', 'a function', fn);
}
