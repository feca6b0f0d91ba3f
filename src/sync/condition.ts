// Condition: waiting under a lock until somebody says that something has changed. Python: multiprocessing.Condition; unlike
// it, a notification waits for nobody, and one whose receiver dies goes to the next. The proof: models/condition.pml.
import { argumentTypeError, TimeoutError } from '../errors.js';
import { member } from '../family/membership.js';
import { timeoutError } from '../options/time-out.js';
import { wholeNumber } from '../options/values.js';
import { countDown, resolveWait, type WaitOptions } from '../options/wait-options.js';
import { isThenable } from '../util/is-thenable.js';
import { checkFunction } from './acquirable.js';
import type { Guard } from './guard.js';
import { notHeld } from './held.js';
import { syncKind } from './kinds.js';
import type { Lock } from './lock.js';
import { Mutex, type Suspended } from './mutex.js';
import { RLock } from './rlock.js';
import { Waitable } from './waitable.js';

/** How a wait ended, before the lock is held again. */
type Ending = { readonly error?: unknown };

/**
 * A lock, and a place to wait at for a change of what it protects: who waits has given the lock up, and holds it again when
 * the wait is over. Waits end one by one, in turn, when somebody who holds the lock calls `notify`.
 */
export class Condition extends Waitable<true> {
  readonly #lock: Mutex;
  readonly #words: Int32Array;
  /** In the word of a slot: how many wait there, and above it how many of these were notified. */
  readonly #places: number;
  readonly #grant: number;
  readonly #own: number;
  /** Notifications that waiters of this environment have had, but do not hold the lock again. */
  #assigned = 0;

  /** `lock`: a `Lock` or `RLock`, an `RLock` of its own if there is none. Throws `ResourceError` when memory is used up. */
  constructor(lock: Lock | RLock = new RLock()) {
    if (!(lock instanceof Mutex)) throw argumentTypeError('new Condition', 'lock', 'a Lock or RLock', lock);
    const { addon, slot } = member();
    super({ kind: syncKind.condition, owners: 0, slotWords: addon.constants.syncGrants });
    this.#lock = lock;
    this.#words = this.room.words;
    this.#places = addon.constants.syncSlots;
    this.#grant = addon.constants.syncGrant;
    this.#own = this.#places + slot.index;
  }

  /** @internal What it is sent with. */
  get lock(): Mutex {
    return this.#lock;
  }

  /** As the lock's. */
  acquire(options?: WaitOptions): Promise<Guard> {
    return this.#lock.acquire(options);
  }

  /** As the lock's. */
  acquireSync(options?: WaitOptions): Guard {
    return this.#lock.acquireSync(options);
  }

  /** As the lock's. */
  tryAcquire(): Guard | undefined {
    return this.#lock.tryAcquire();
  }

  /** As the lock's. */
  run<Result>(fn: (guard: Guard) => Result | PromiseLike<Result>, options?: WaitOptions): Promise<Result> {
    return this.#lock.run(fn, options);
  }

  /** As the lock's. */
  runSync<Result>(fn: (guard: Guard) => Result, options?: WaitOptions): Result {
    return this.#lock.runSync(fn, options);
  }

  /** As the lock's. */
  release(): void {
    (this.#lock as Lock | RLock).release();
  }

  /** Whether somebody holds the lock, at this moment. */
  get locked(): boolean {
    return this.#lock.locked;
  }

  /**
   * Gives the lock up, waits for a notification, and holds the lock again, also when it rejects: with `TimeoutError` or the
   * reason of `signal`. Look again at what you waited for: others may have been faster. Rejects with
   * `ERR_FORKYARD_NOT_HELD` if the lock is not held here.
   */
  async wait(options?: WaitOptions): Promise<true> {
    const method = 'Condition.wait';
    const suspended = this.#begin(method, options, true);
    const ending: Ending = await this.obtain(method, options).then(
      () => ({}),
      (error: unknown) => ({ error }),
    );
    await this.#lock.resume(method, suspended);
    return this.#end(ending);
  }

  /** The same, blocking this thread. */
  waitSync(options?: WaitOptions): true {
    const method = 'Condition.waitSync';
    const suspended = this.#begin(method, options, false);
    let ending: Ending = {};
    try {
      this.obtainSync(method, options);
    } catch (error) {
      ending = { error };
    }
    this.#lock.resumeSync(method, suspended);
    return this.#end(ending);
  }

  /** Waits until `predicate` gives something true, and resolves to that. `timeout` is that of the whole wait. */
  async waitFor<Result>(
    predicate: () => Result | PromiseLike<Result>,
    options: WaitOptions = {},
  ): Promise<Awaited<Result>> {
    checkFunction('Condition.waitFor', predicate);
    const remaining = countDown(resolveWait('Condition.waitFor', options, true));
    for (let isOver = false; ; ) {
      const result = await predicate();
      if (result || isOver) return this.#met('Condition.waitFor', result, options);
      isOver = await isTimeout(this.wait(remaining()));
    }
  }

  /** The same, blocking this thread; `predicate` must not be asynchronous. */
  waitForSync<Result>(predicate: () => Result, options: WaitOptions = {}): Result {
    checkFunction('Condition.waitForSync', predicate);
    const remaining = countDown(resolveWait('Condition.waitForSync', options, false));
    for (let isOver = false; ; ) {
      const result = predicate();
      if (isThenable(result)) {
        const expected = 'synchronous; use waitFor()';
        throw argumentTypeError('Condition.waitForSync', 'predicate', expected, result);
      }
      if (result || isOver) return this.#met('Condition.waitForSync', result, options);
      try {
        this.waitSync(remaining());
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error;
        isOver = true;
      }
    }
  }

  /** Ends the waits of `count` of those who wait, if there are so many. Throws `ERR_FORKYARD_NOT_HELD` if the lock is not held here. */
  notify(count = 1): void {
    wholeNumber('Condition.notify', 'count', count);
    this.#checkHeld('Condition.notify');
    for (let given = 0; given < count && this.#grantNext(); given++);
  }

  /** Ends all waits. Throws `ERR_FORKYARD_NOT_HELD` if the lock is not held here. */
  notifyAll(): void {
    this.#checkHeld('Condition.notifyAll');
    while (this.#grantNext());
  }

  protected override get hasTurns(): boolean {
    return false;
  }

  protected isThere(): boolean {
    return this.#granted(Atomics.load(this.#words, this.#own)) > this.#assigned;
  }

  protected take(): true | undefined {
    if (!this.isThere()) return undefined;
    this.#assigned++;
    return true;
  }

  protected describe(): string {
    return 'nobody has notified it';
  }

  // What the dead were granted goes to others when they are swept.
  protected override lookAfterOwners(): void {
    const { addon, slot } = member();
    for (const index of this.room.wanting()) {
      const word = Atomics.load(this.#words, this.#places + index);
      if (index !== slot.index && this.#granted(word) > 0) addon.reap(index);
    }
  }

  #begin(method: string, options: WaitOptions | undefined, takesSignal: boolean): Suspended {
    resolveWait(method, options, takesSignal);
    this.#checkHeld(method);
    // What was granted until now is for those who waited until now.
    this.serveNow();
    this.room.announce();
    Atomics.add(this.#words, this.#own, 1);
    return this.#lock.suspend();
  }

  // The lock is held again: nobody else but a sweep grants anything now.
  #end(ending: Ending): true {
    const isNotified = !('error' in ending) || this.#leave();
    if (isNotified) {
      Atomics.sub(this.#words, this.#own, this.#grant + 1);
      this.#assigned--;
    }
    this.room.withdraw();
    if (!isNotified) throw ending.error;
    return true;
  }

  // A notification that came after the time was up counts. False: there was none, and this one waits no longer.
  #leave(): boolean {
    for (;;) {
      const seen = Atomics.load(this.#words, this.#own);
      if (this.#granted(seen) > this.#assigned) {
        this.#assigned++;
        return true;
      }
      if (Atomics.compareExchange(this.#words, this.#own, seen, seen - 1) === seen) return false;
    }
  }

  #grantNext(): boolean {
    return this.room.wakeNextThat((slot) => {
      const place = this.#places + slot;
      for (;;) {
        const seen = Atomics.load(this.#words, place);
        if ((seen & (this.#grant - 1)) <= this.#granted(seen)) return false;
        if (Atomics.compareExchange(this.#words, place, seen, seen + this.#grant) === seen) return true;
      }
    });
  }

  #granted(word: number): number {
    return ((word >>> 0) / this.#grant) | 0;
  }

  #met<Result>(method: string, result: Result, { timeout }: WaitOptions): Result {
    if (result) return result;
    throw timeoutError(method, 'the predicate is not true', timeout as number);
  }

  #checkHeld(method: string): void {
    if (!this.#lock.isHeldHere) throw notHeld(`${method}: the lock is not held here; acquire it first`);
  }
}

async function isTimeout(wait: Promise<true>): Promise<boolean> {
  try {
    await wait;
    return false;
  } catch (error) {
    if (error instanceof TimeoutError) return true;
    throw error;
  }
}
