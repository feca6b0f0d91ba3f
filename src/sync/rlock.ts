// RLock: a lock that its owner may acquire again. Python: multiprocessing.RLock.
import { AsyncLocalStorage } from 'node:async_hooks';
import { Acquirable, checkFunction } from './acquirable.js';
import type { Guard } from './guard.js';
import { guardOver, notHeld } from './held.js';
import { syncKind } from './kinds.js';
import { deadlock } from './lock.js';
import type { WaitOptions } from './wait-options.js';

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
export class RLock extends Acquirable {
  protected readonly called = 'RLock';
  readonly #acquisitions = new Set<number>();
  #owner: Task = wholeThread;

  /** Throws `ResourceError` when shared memory is used up. */
  constructor() {
    super(syncKind.rlock, 1);
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
    const taken = isFirst ? await this.waitFor('RLock.run', options) : 0;
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
    const newest = [...this.#acquisitions].pop();
    if (newest === undefined || !this.#isOwner()) {
      throw notHeld(
        `RLock.release: ${this.locked ? this.holder() : 'nobody holds the lock'}; only its owner releases it, as often as it ` +
          'was acquired',
      );
    }
    this.endAcquisition(newest);
  }

  /** Whether somebody holds it, at this moment. */
  get locked(): boolean {
    return this.free() === 0;
  }

  /** How often this thread has acquired it and not released it yet. */
  get count(): number {
    return this.isOwn(0) ? this.#acquisitions.size : 0;
  }

  /** @internal */
  endAcquisition(acquisition: number): void {
    if (!this.#acquisitions.delete(acquisition)) throw guardOver();
    if (this.#acquisitions.size > 0) return;
    this.#owner = wholeThread;
    this.giveUp(0);
  }

  protected override takeNow(): number | undefined {
    return this.#isOwner() ? 0 : super.takeNow();
  }

  protected begin(_cell: number, acquisition: number): void {
    this.#acquisitions.add(acquisition);
  }

  protected describe(): string {
    return `the lock: ${this.holder()}`;
  }

  protected override refuseDeadlock(method: string): void {
    if (this.isOwn(0)) throw deadlock(method, 'another task of this thread holds the lock');
  }

  #isOwner(): boolean {
    if (this.#acquisitions.size === 0) return false;
    if (this.#owner === wholeThread) return true;
    let task = tasks.getStore();
    while (task !== undefined && task !== this.#owner) task = task.outer;
    return task !== undefined;
  }
}
