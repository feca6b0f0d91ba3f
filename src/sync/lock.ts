// Lock: one at a time. Python: multiprocessing.Lock; unlike it, a lock whose owner dies is given to the next.
import { ForkyardError } from '../errors.js';
import type { Acquisition } from './guard.js';
import { guardOver, notHeld } from './held.js';
import { syncKind } from './kinds.js';
import { Mutex, type Suspended } from './mutex.js';

/**
 * Mutual exclusion between the processes, threads and asynchronous tasks of a family. It belongs to none of them: who holds
 * it and acquires it again waits like anybody else (`RLock` does not). Send it in arguments, results and inside of objects.
 */
export class Lock extends Mutex {
  protected readonly called = 'Lock';
  #acquisition: Acquisition | undefined;

  /** Throws `ResourceError` when shared memory is used up. */
  constructor() {
    super(syncKind.lock);
  }

  /** Any process may release it, as in Python; its guard is void then. Throws `ERR_FORKYARD_NOT_HELD` if nobody holds it. */
  release(): void {
    if (!this.giveUp(0) && !this.giveUpAny())
      throw notHeld('Lock.release: nobody holds the lock; acquire it first');
  }

  /** @internal */
  endAcquisition(acquisition: Acquisition): void {
    if (acquisition !== this.#acquisition || !this.giveUp(0)) throw guardOver();
  }

  /** @internal */
  get isHeldHere(): boolean {
    return this.isOwn(0);
  }

  protected lose(): Suspended {
    const acquisitions = this.#acquisition === undefined ? [] : [this.#acquisition];
    this.#acquisition = undefined;
    return { acquisitions, owner: undefined };
  }

  protected regain({ acquisitions }: Suspended): void {
    this.#acquisition = acquisitions[0];
  }

  protected begin(_cell: number, acquisition: Acquisition): void {
    this.#acquisition = acquisition;
  }

  protected override refuseDeadlock(method: string): void {
    if (this.isOwn(0)) throw deadlock(method, 'this thread holds the lock already', ', or use an RLock');
  }
}

export function deadlock(method: string, why: string, remedy = ''): ForkyardError {
  return new ForkyardError(
    `${method}: ${why}, and could not release it while it is blocked; await acquire() instead${remedy}`,
    { code: 'ERR_FORKYARD_DEADLOCK' },
  );
}
