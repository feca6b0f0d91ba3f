// Lock: one at a time. Python: multiprocessing.Lock; unlike it, a lock whose owner dies is given to the next.
import { ForkyardError } from '../errors.js';
import { Acquirable } from './acquirable.js';
import { guardOver, notHeld } from './held.js';
import { syncKind } from './kinds.js';

/**
 * Mutual exclusion between the processes, threads and asynchronous tasks of a family. It belongs to none of them: who holds
 * it and acquires it again waits like anybody else (`RLock` does not). Send it in arguments, results and inside of objects.
 */
export class Lock extends Acquirable {
  protected readonly called = 'Lock';
  #acquisition = 0;

  /** Throws `ResourceError` when shared memory is used up. */
  constructor() {
    super(syncKind.lock, 1);
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
    if (acquisition !== this.#acquisition || !this.giveUp(0)) throw guardOver();
  }

  protected begin(_cell: number, acquisition: number): void {
    this.#acquisition = acquisition;
  }

  protected describe(): string {
    return `the lock: ${this.holder()}`;
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
