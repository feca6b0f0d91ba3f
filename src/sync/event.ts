// Event: a flag to wait for. Python: multiprocessing.Event; unlike it, `set` waits for nobody, also in a signal handler.
import { member } from '../family/membership.js';
import type { WaitOptions } from '../options/wait-options.js';
import { syncKind } from './kinds.js';
import { Waitable } from './waitable.js';

const flag = 1;
// The rest of the word counts how often it was set: who waited then is told, though it was cleared since.
const count = 2;

/** A flag that all processes, threads and tasks of a family see, and can wait for. */
export class Event extends Waitable<true> {
  readonly #words: Int32Array;
  readonly #state: number;

  /** Throws `ResourceError` when shared memory is used up. */
  constructor() {
    super({ kind: syncKind.event, owners: 0 });
    this.#words = this.room.words;
    this.#state = member().addon.constants.syncState;
  }

  get isSet(): boolean {
    return (Atomics.load(this.#words, this.#state) & flag) !== 0;
  }

  /** Lets everybody go on that waits, and whoever will wait until it is cleared. */
  set(): void {
    for (;;) {
      const state = Atomics.load(this.#words, this.#state);
      if ((state & flag) !== 0) return;
      const next = (state + count) | flag;
      if (Atomics.compareExchange(this.#words, this.#state, state, next | 0) === state) break;
    }
    this.room.wakeAll();
  }

  clear(): void {
    Atomics.and(this.#words, this.#state, ~flag);
  }

  /** Waits until it is set. True; rejects with `TimeoutError` or the reason of `signal`. */
  async wait(options?: WaitOptions): Promise<true> {
    return await this.obtain('Event.wait', options);
  }

  /** Blocks this thread until it is set. True, or throws `TimeoutError`. */
  waitSync(options?: WaitOptions): true {
    return this.obtainSync('Event.waitSync', options);
  }

  protected override wantNow(): number {
    return Atomics.load(this.#words, this.#state) & ~flag;
  }

  protected override get hasTurns(): boolean {
    return false;
  }

  protected take(want: number): true | undefined {
    return this.isThere(want) ? true : undefined;
  }

  protected isThere(want: number): boolean {
    const state = Atomics.load(this.#words, this.#state);
    return (state & flag) !== 0 || (state & ~flag) !== want;
  }

  protected describe(): string {
    return 'nobody has set it';
  }
}
