// How this environment wakes others that sleep: once a sleep, and once for all that was written meanwhile.
// How it sleeps itself is bell.ts; the protocol, native/parking/README.md.
import type { Addon } from '../native/contract.js';

export class Ringer {
  readonly #addon: Addon;
  readonly #slots: Int32Array;
  readonly #slotWords: number;
  readonly #epochOffset: number;
  readonly #crashes: boolean;
  readonly #lastRung = new Map<number, number>();
  readonly #announced = new Set<number>();
  #flushScheduled = false;
  #isPaused = false;

  constructor(addon: Addon, slots: Int32Array) {
    const { slotWords, slotEpoch, crashPoints } = addon.constants;
    this.#addon = addon;
    this.#slots = slots;
    this.#slotWords = slotWords;
    this.#epochOffset = slotEpoch;
    this.#crashes = crashPoints > 0;
  }

  /** Wakes the environment in `slot` if it sleeps and this environment has not rung for that sleep before. */
  wake(slot: number): void {
    const epoch = Atomics.load(this.#slots, slot * this.#slotWords + this.#epochOffset);
    if ((epoch & 1) === 0 || this.#lastRung.get(slot) === epoch) return;
    this.#lastRung.set(slot, epoch);
    if (this.#crashes) this.#addon.crashPoint(this.#addon.constants.crashRingBellOwed);
    this.#addon.ring(slot);
  }

  /** Whether that environment sleeps still, though this one has rung for it. */
  isOverdue(slot: number): boolean {
    const epoch = Atomics.load(this.#slots, slot * this.#slotWords + this.#epochOffset);
    return (epoch & 1) === 1 && this.#lastRung.get(slot) === epoch;
  }

  /** Rings whether it sleeps or not; the function tells whether the event loop there has heard a bell since. */
  probe(slot: number): () => boolean {
    const word = slot * this.#slotWords + this.#epochOffset;
    const epoch = Atomics.load(this.#slots, word);
    this.#addon.ring(slot);
    return () => Atomics.load(this.#slots, word) !== epoch;
  }

  /** `wake`, once for all that is written until the current microtasks have run. */
  wakeSoon(slot: number): void {
    this.#announced.add(slot);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(this.#flush);
  }

  /** Those whom `wakeSoon` was to wake: whoever blocks the thread may wait for what they do. */
  wakeNow(): void {
    if (this.#announced.size === 0) return;
    for (const slot of this.#announced) this.wake(slot);
    this.#announced.clear();
  }

  /** Within a crowd of messages: a worker would wake for the few tasks of each group, and sleep again. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.wakeNow();
  }

  readonly #flush = (): void => {
    this.#flushScheduled = false;
    if (!this.#isPaused) this.wakeNow();
  };
}
