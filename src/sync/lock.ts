// Lock: one at a time. Python: multiprocessing.Lock; unlike it, a lock whose owner dies is given to the next.
import { argumentTypeError, ForkyardError } from '../errors.js';
import { Acquisition, type Guard, type Guarded } from './guard.js';
import { syncKind } from './kinds.js';
import { OwnedPermits, ownerDiedFlag } from './owners.js';
import type { WaitOptions } from './wait-options.js';
import { notHeld } from './waitable.js';

/**
 * Mutual exclusion between the processes, threads and asynchronous tasks of a family. It is no property of a process:
 * whoever has it may acquire it, also a second time in vain. Send it in arguments, results and inside of objects.
 */
export class Lock extends OwnedPermits implements Guarded {
  #acquisition = 0;

  /** Throws `ResourceError` when shared memory is used up. */
  constructor() {
    super(syncKind.lock, 1);
  }

  /** Waits without blocking anything. `TimeoutError` names the owner; rejects with the reason of `signal`. */
  async acquire(options?: WaitOptions): Promise<Guard> {
    return this.#hold(await this.waitFor('Lock.acquire', options));
  }

  /**
   * Blocks this thread. Throws `TimeoutError`, and `ERR_FORKYARD_DEADLOCK` where this thread holds it already: blocked, it
   * could never release it.
   */
  acquireSync(options?: WaitOptions): Guard {
    return this.#hold(this.takeNow() ?? this.waitForSync('Lock.acquireSync', options));
  }

  /** A guard, or undefined if somebody holds it. */
  tryAcquire(): Guard | undefined {
    const taken = this.takeNow();
    return taken === undefined ? undefined : this.#hold(taken);
  }

  /** Runs `fn` with the lock held, until what it returns is settled. */
  async run<Result>(
    fn: (guard: Guard) => Result | PromiseLike<Result>,
    options?: WaitOptions,
  ): Promise<Result> {
    checkFunction('Lock.run', fn);
    const guard = await this.acquire(options);
    try {
      return await fn(guard);
    } finally {
      guard.release();
    }
  }

  /** Runs `fn`, which must not be asynchronous, with the lock held. */
  runSync<Result>(fn: (guard: Guard) => Result, options?: WaitOptions): Result {
    checkFunction('Lock.runSync', fn);
    const guard = this.acquireSync(options);
    try {
      return fn(guard);
    } finally {
      guard.release();
    }
  }

  /** Any process may release it, as in Python; its guard is void then. Throws `ERR_FORKYARD_NOT_HELD` if nobody holds it. */
  release(): void {
    if (!this.giveUp(0) && !this.giveUpAny())
      throw notHeld('Lock.release: nobody holds the lock; acquire it first');
  }

  /** Whether somebody holds it, at this moment. */
  get locked(): boolean {
    return this.free() === 0;
  }

  /** @internal */
  endAcquisition(acquisition: number): void {
    if (acquisition === this.#acquisition && this.giveUp(0)) return;
    throw notHeld('Guard.release: what it guarded was released already; a guard is released once');
  }

  protected describe(): string {
    return `the lock: ${this.holder()}`;
  }

  protected override refuseDeadlock(method: string): void {
    if (!this.isOwn(0)) return;
    throw new ForkyardError(
      `${method}: this thread holds the lock already, and could not release it while it is blocked; await acquire() instead, ` +
        'or use an RLock',
      { code: 'ERR_FORKYARD_DEADLOCK' },
    );
  }

  #hold(taken: number): Guard {
    return new Acquisition(this, ++this.#acquisition, (taken & ownerDiedFlag) !== 0);
  }
}

export function checkFunction(method: string, fn: unknown): void {
  if (typeof fn !== 'function') throw argumentTypeError(method, 'fn', 'a function', fn);
}
