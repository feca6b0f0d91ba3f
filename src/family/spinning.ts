// Looking for messages for a few microseconds before sleeping: waking a sleeper costs more than most answers take. How
// and when it sleeps is bell.ts. At most one member a processor spins: one more would only take time from those it waits for.
// Where others want the processor, a spinner takes it from them, and pays later by waiting for it: there it looks for no longer
// than a wake-up costs, and only if that nearly always finds something.
import type { Addon } from '../native/contract.js';
import { Contention } from './contention.js';
import { SpinCredit } from './spin-credit.js';

/** How a member spins. */
export interface SpinSettings {
  /** For how long it looks; 0: not at all. */
  readonly us: number;
  /** How many members of the family may do so at a time. */
  readonly members: number;
}

export const noSpinning: SpinSettings = { us: 0, members: 0 };

const contendedUs = 10;
const contendedMissCost = 4;

export class Spinning {
  readonly #places: Int32Array;
  readonly #mark: number;
  #settings = noSpinning;
  #place = -1;
  readonly #credit = new SpinCredit();
  readonly #objections = new Set<() => boolean>();
  readonly #contention = new Contention();
  #deadline = 0;
  #missCost = 1;

  constructor(addon: Addon, slot: number) {
    this.#places = new Int32Array(addon.spinnerTable());
    this.#mark = slot + 1;
  }

  /** The longest that anybody in this environment asked for. */
  allow(settings: SpinSettings): void {
    if (settings.us > this.#settings.us) this.#settings = settings;
  }

  /** As long as `needsProcessors` says so, others have work for all processors: a spinner would take the time from them. */
  object(needsProcessors: () => boolean): () => void {
    this.#objections.add(needsProcessors);
    return () => this.#objections.delete(needsProcessors);
  }

  /** Begins to spin, if it is likely to pay. */
  begin(now: number): boolean {
    if (this.#settings.us === 0) return false;
    if (!this.#credit.allows() || this.#isObjectedTo() || !this.#takePlace()) return false;
    const isContended = this.#contention.isContended(now);
    const us = isContended ? Math.min(contendedUs, this.#settings.us) : this.#settings.us;
    this.#missCost = isContended ? contendedMissCost : 1;
    this.#deadline = now + us / 1000;
    return true;
  }

  isOver(now: number): boolean {
    return now >= this.#deadline;
  }

  hit(): void {
    this.#credit.hit();
  }

  miss(): void {
    this.#credit.miss(this.#missCost);
  }

  /** Before falling asleep. Who only works keeps its place: it occupies a processor. */
  leave(): void {
    if (this.#place < 0) return;
    Atomics.store(this.#places, this.#place, 0);
    this.#place = -1;
  }

  #isObjectedTo(): boolean {
    for (const needsProcessors of this.#objections) if (needsProcessors()) return true;
    return false;
  }

  #takePlace(): boolean {
    if (this.#place >= 0) return true;
    const count = Math.min(this.#settings.members, this.#places.length);
    for (let place = 0; place < count; place++) {
      if (Atomics.compareExchange(this.#places, place, 0, this.#mark) !== 0) continue;
      this.#place = place;
      return true;
    }
    return false;
  }
}
