// Where those wait that a queue has nothing for, or no room: until an attempt of theirs comes to something.
import { TimeoutError } from '../errors.js';
import { SpinCredit } from '../family/spin-credit.js';
import type { WaitOptions } from '../options/wait-options.js';
import { type RoomPlace, Waitable } from '../sync/waitable.js';

/** What is tried again and again. */
export interface Attempt<Result extends object> {
  /** Undefined: there is nothing for it yet. Does not throw. */
  make(): Result | undefined;
  /** Whether `make` would come to something. */
  isPossible(): boolean;
}

interface RoomOptions {
  /** Why one waits, for errors. */
  readonly why: () => string;
  /** A number that changes before what is waited for can come. */
  readonly changes: () => number;
  /** Looks, without sleep, until it is no longer that, for so long at most. */
  readonly lookOut: (seen: number, us: number) => void;
  /** The slots of those whose death would be missed. */
  readonly suspects: () => readonly number[];
  readonly reap: (slot: number) => void;
}

// What is waited for comes when it comes: nobody is passed over who could have had it, so an idle queue is looked at rarely.
// The dead are swept by their parents, who then wake everybody; this is for what died between publishing and waking.
const longestPauseMs = 1000;

// Long enough for one that sleeps to be woken and to answer: else both would sleep for each message. Where that does not pay,
// because there are more at work than processors, it is left.
const spinMs = 0.1;
const briefSpinMs = 0.005;
const looksUs = 10;

// They may have to wait for a processor in the middle of it.
const longestTurnOfOthersMs = 100;

const possible = {};

/** An attempt that takes nothing: it only waits until others might. */
export function lookFor(isPossible: () => boolean): Attempt<object> {
  return { isPossible, make: () => (isPossible() ? possible : undefined) };
}

export class QueueRoom extends Waitable<object> {
  readonly #attempts = new Map<number, Attempt<object>>();
  readonly #options: RoomOptions;
  readonly #credit = new SpinCredit();
  #last = 0;

  constructor(place: RoomPlace, options: RoomOptions) {
    super(place);
    this.#options = options;
  }

  /** Whether anybody here waits already: who comes now does not try ahead of them. */
  get hasQueue(): boolean {
    return this.isAwaitedHere;
  }

  /** By promise. Rejects with `TimeoutError` or the reason of the signal. */
  async wait<Result extends object>(
    method: string,
    attempt: Attempt<Result>,
    options?: WaitOptions,
  ): Promise<Result> {
    const key = this.#enter(attempt);
    try {
      return (await this.obtain(method, options, key)) as Result;
    } finally {
      this.#attempts.delete(key);
      this.#passOn(attempt);
    }
  }

  /** Blocks this thread. Throws `TimeoutError`. */
  waitSync<Result extends object>(method: string, attempt: Attempt<Result>, options?: WaitOptions): Result {
    const key = this.#enter(attempt);
    try {
      return this.obtainSync(method, options, key) as Result;
    } finally {
      this.#attempts.delete(key);
      this.#passOn(attempt);
    }
  }

  /** Tries again while others are at it, whom that takes microseconds; undefined if they do not go on: stopped, for instance. */
  letOthersFinish<Result extends object>(make: () => Result | undefined): Result | undefined {
    try {
      return this.waitSync('', { make, isPossible: () => true }, { timeout: longestTurnOfOthersMs });
    } catch (error) {
      if (error instanceof TimeoutError) return undefined;
      throw error;
    }
  }

  /** Calls `tell` whenever that is so, or was a moment ago; until the returned function is called. */
  watch(isPossible: () => boolean, tell: () => void): () => void {
    const ending = new AbortController();
    void this.#tellAgain(lookFor(isPossible), tell, ending.signal);
    return () => ending.abort();
  }

  /** Those who wait here look again. */
  lookNow(): void {
    this.serveNow();
  }

  get isWanted(): boolean {
    return this.room.isWanted;
  }

  wakeNext(): void {
    this.room.wakeNext();
  }

  wakeAll(): void {
    this.room.wakeAll();
  }

  protected take(key: number): object | undefined {
    return this.#attempts.get(key)?.make();
  }

  protected isThere(key: number): boolean {
    return this.#attempts.get(key)?.isPossible() ?? true;
  }

  protected describe(): string {
    return this.#options.why();
  }

  protected override get hasTurns(): boolean {
    return false;
  }

  protected override get longestPauseMs(): number {
    return longestPauseMs;
  }

  protected override nextSpinMs(): number {
    return this.#credit.allows() ? spinMs : briefSpinMs;
  }

  protected override lookOut(key: number): void {
    const seen = this.#options.changes();
    if (!this.isThere(key)) this.#options.lookOut(seen, looksUs);
  }

  protected override spinEnded(paid: boolean): void {
    if (paid) this.#credit.hit();
    else this.#credit.miss();
  }

  protected override lookAfterOwners(): void {
    for (const slot of this.#options.suspects()) this.#options.reap(slot);
  }

  // Who was woken after it had what it wanted, or in vain, has a wake-up that is another's.
  #passOn(attempt: Attempt<object>): void {
    if (this.isWanted && attempt.isPossible()) this.wakeNext();
  }

  async #tellAgain(look: Attempt<object>, tell: () => void, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.wait('wait', look, { signal });
        tell();
        await new Promise(setImmediate);
      }
    } catch {
      // The end of the watch.
    }
  }

  #enter(attempt: Attempt<object>): number {
    this.#last = (this.#last % 0x3fffffff) + 1;
    this.#attempts.set(this.#last, attempt);
    return this.#last;
  }
}
