// The words of a barrier, and the steps from one state to the next: models/barrier.pml has them one by one. Who waits, and
// how, is barrier.ts.
import { member } from '../family/membership.js';
import type { WaitRoom } from './wait-room.js';

/** How it ended for one who waited. */
export type Verdict = 'released' | 'broken';

/** The state at a moment. A generation is a number that is only compared. */
export interface Seen {
  readonly word: number;
  readonly generation: number;
  readonly arrived: number;
  readonly isBroken: boolean;
}

export class BarrierState {
  readonly #room: WaitRoom;
  readonly #words: Int32Array;
  readonly #state: number;
  readonly #slots: number;
  readonly #own: number;
  readonly #broken: number;
  readonly #step: number;
  readonly #waits: number;
  readonly #sawBroken: number;
  /** How many of this environment are in the generation that its word names. */
  #inside = 0;

  constructor(room: WaitRoom) {
    const { addon, slot } = member();
    const { constants } = addon;
    this.#room = room;
    this.#words = room.words;
    this.#state = constants.syncState;
    this.#slots = constants.syncSlots;
    this.#own = this.#slots + slot.index;
    this.#broken = constants.syncBroken;
    this.#step = constants.syncGeneration;
    this.#waits = constants.syncWaits;
    this.#sawBroken = constants.syncSawBroken;
  }

  read(): Seen {
    const word = Atomics.load(this.#words, this.#state);
    return {
      word,
      generation: this.#generationOf(word),
      arrived: word & (this.#broken - 1),
      isBroken: (word & this.#broken) !== 0,
    };
  }

  /** One more has arrived. False: the state is another by now. */
  arrive({ word, generation }: Seen): boolean {
    // Before it counts: if this process dies now, one is missing that will not come.
    if (this.#inside === 0 || this.#generationOf(Atomics.load(this.#words, this.#own)) !== generation) {
      this.#inside = 0;
      Atomics.store(this.#words, this.#own, generation | this.#waits);
    }
    if (!this.#swap(word, word + 1)) return false;
    this.#inside++;
    return true;
  }

  /** One that has arrived has its verdict. */
  leave(generation: number): void {
    const word = Atomics.load(this.#words, this.#own);
    // The word may be that of a later generation, which others of this environment are in.
    if (word === 0 || this.#generationOf(word) !== generation) return;
    if (--this.#inside === 0) Atomics.store(this.#words, this.#own, 0);
  }

  /** One that did not arrive after all. */
  turnAway(): void {
    if (this.#inside === 0) Atomics.store(this.#words, this.#own, 0);
  }

  /** Undefined: that generation goes on. */
  verdict(generation: number): Verdict | undefined {
    const seen = this.read();
    if (seen.generation === generation) return seen.isBroken ? 'broken' : undefined;
    const word = Atomics.load(this.#words, this.#own);
    return word === (generation | this.#waits | this.#sawBroken) ? 'broken' : 'released';
  }

  /** All of `parties` may go on. False: it was broken meanwhile. */
  release(generation: number, parties: number): boolean {
    if (!this.#swap(generation | parties, this.#after(generation))) return false;
    this.#room.wakeAll();
    return true;
  }

  /** False: it was broken before, or has come to its end. */
  break(generation: number): boolean {
    for (let seen = this.read(); seen.generation === generation && !seen.isBroken; seen = this.read()) {
      if (!this.#swap(seen.word, seen.word | this.#broken)) continue;
      this.#room.wakeAll();
      return true;
    }
    return false;
  }

  /** The next generation begins, if this one is broken. Whoever has not noticed finds in its word how this one ended. */
  renew(generation: number): void {
    const seen = this.read();
    if (seen.generation !== generation || !seen.isBroken) return;
    const waiting = generation | this.#waits;
    for (const slot of this.#room.wanting()) {
      Atomics.compareExchange(this.#words, this.#slots + slot, waiting, waiting | this.#sawBroken);
    }
    if (this.#swap(seen.word, this.#after(generation))) this.#room.wakeAll();
  }

  #after(generation: number): number {
    return (generation + this.#step) | 0;
  }

  #generationOf(word: number): number {
    return word & -this.#step;
  }

  #swap(seen: number, next: number): boolean {
    return Atomics.compareExchange(this.#words, this.#state, seen, next) === seen;
  }
}
