// RLock: a lock that its owner may acquire again. Python: multiprocessing.RLock.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { WaitOptions } from '../options/wait-options.js';
import { checkFunction } from './acquirable.js';
import type { Acquisition, Guard } from './guard.js';
import { guardOver, notHeld } from './held.js';
import { syncKind } from './kinds.js';
import { deadlock } from './lock.js';
import { Mutex, type Suspended } from './mutex.js';

/** What a call of `run` does, and everything that it awaits; `outer` is the call that it is in. */
interface Task {
  readonly outer: Task | undefined;
}

const tasks = new AsyncLocalStorage<Task>();
const wholeThread: Task = { outer: undefined };

/**
 * A lock that its owner may acquire again, and releases as often. Its owner is the asynchronous task that acquired it by
 * `run`, with all that it awaits; if it was acquired otherwise, the whole thread.
 */
export class RLock extends Mutex {
  protected readonly called = 'RLock';
  /** The newest last: mostly there is one, and a Set would cost three times as much as all the rest. */
  #acquisitions: Acquisition[] = [];
  #owner: Task = wholeThread;

  /** Throws `ResourceError` when shared memory is used up. */
  constructor() {
    super(syncKind.rlock);
  }

  // Not behind those who wait for it.
  override async acquire(options?: WaitOptions): Promise<Guard> {
    return this.#isOwner() ? this.hold(0) : await super.acquire(options);
  }

  override async run<Result>(
    fn: (guard: Guard) => Result | PromiseLike<Result>,
    options?: WaitOptions,
  ): Promise<Result> {
    checkFunction('RLock.run', fn);
    const isFirst = !this.#isOwner();
    const taken = isFirst ? await this.obtain('RLock.run', options) : 0;
    const guard = this.hold(taken);
    try {
      if (!isFirst) return await fn(guard);
      const task = { outer: tasks.getStore() };
      this.#owner = task;
      return await tasks.run(task, fn, guard);
    } finally {
      guard.release();
    }
  }

  /** Once. Throws `ERR_FORKYARD_NOT_HELD` if this thread, or the task that is running, does not hold it. */
  release(): void {
    const newest = this.#acquisitions.at(-1);
    if (newest === undefined || !this.#isOwner()) {
      throw notHeld(
        `RLock.release: ${this.locked ? this.holder() : 'nobody holds the lock'}; only its owner releases it, as often as it ` +
          'was acquired',
      );
    }
    this.endAcquisition(newest);
  }

  /** How often this thread has acquired it and not released it yet. */
  get count(): number {
    return this.isOwn(0) ? this.#acquisitions.length : 0;
  }

  /** @internal */
  endAcquisition(acquisition: Acquisition): void {
    const place = this.#acquisitions.lastIndexOf(acquisition);
    if (place < 0) throw guardOver();
    if (place === this.#acquisitions.length - 1) this.#acquisitions.pop();
    else this.#acquisitions.splice(place, 1);
    if (this.#acquisitions.length > 0) return;
    this.#owner = wholeThread;
    this.giveUp(0);
  }

  protected override takeNow(): number | undefined {
    return this.#isOwner() ? 0 : super.takeNow();
  }

  protected begin(_cell: number, acquisition: Acquisition): void {
    this.#acquisitions.push(acquisition);
  }

  /** @internal */
  get isHeldHere(): boolean {
    return this.#isOwner();
  }

  protected lose(): Suspended {
    const suspended = { acquisitions: this.#acquisitions, owner: this.#owner };
    this.#acquisitions = [];
    this.#owner = wholeThread;
    return suspended;
  }

  // The thread may have it already, and so everything that runs there.
  protected regain({ acquisitions, owner }: Suspended): void {
    if (this.#acquisitions.length === 0) this.#owner = owner as Task;
    this.#acquisitions.unshift(...acquisitions);
  }

  protected override refuseDeadlock(method: string): void {
    if (this.isOwn(0)) throw deadlock(method, 'another task of this thread holds the lock');
  }

  #isOwner(): boolean {
    if (this.#acquisitions.length === 0) return false;
    if (this.#owner === wholeThread) return true;
    let task = tasks.getStore();
    while (task !== undefined && task !== this.#owner) task = task.outer;
    return task !== undefined;
  }
}
