// Who wants a block's permits, and who is woken when there is one. The protocol is native/sync/README.md, its proof
// models/lock.pml. What a permit is, and who waits in this environment, is waitable.ts.
import { type Membership, member } from '../family/membership.js';
import { offsetOfBlock } from '../memory/shared-blocks.js';
import type { SharedBlock } from '../serialize/slabs.js';

// Of the flags.
const somebodyWants = 1;

export class WaitRoom {
  readonly words: Int32Array;
  readonly #member: Membership;
  readonly #offset: number;
  readonly #flags: number;
  readonly #bar: number;
  readonly #turn: number;
  readonly #turnStep: number;
  readonly #wants: number;
  readonly #wantWords: number;
  readonly #ownWord: number;
  readonly #ownBit: number;
  readonly #onOwnTurn: () => void;
  #announced = 0;

  /** `place`: bytes into the block, where there is more in it. `onOwnTurn`: it is this environment that is woken, by itself. */
  constructor(block: SharedBlock, place: number, onOwnTurn: () => void) {
    this.#member = member();
    const { constants } = this.#member.addon;
    this.words = new Int32Array(block.buffer, place);
    this.#offset = offsetOfBlock(block) + place;
    this.#flags = constants.syncFlags;
    this.#bar = constants.syncBar;
    this.#turn = constants.syncTurn;
    this.#turnStep = constants.syncTurnStep;
    this.#wants = constants.syncWants;
    this.#wantWords = constants.syncWantWords;
    const { index } = this.#member.slot;
    this.#ownWord = this.#wants + (index >> 5);
    this.#ownBit = 1 << (index & 31);
    this.#onOwnTurn = onOwnTurn;
  }

  /** Whether newcomers must queue: somebody was passed over for too long. */
  get isBarred(): boolean {
    return Atomics.load(this.words, this.#bar) !== 0;
  }

  /** Newcomers queue until all who want a permit now had one, this environment last; unless somebody has barred them. */
  bar(): void {
    const { index } = this.#member.slot;
    if (Atomics.compareExchange(this.words, this.#bar, 0, index + 1) === 0) this.#advance(index);
  }

  /** Of one's own bar. */
  unbar(): void {
    Atomics.compareExchange(this.words, this.#bar, this.#member.slot.index + 1, 0);
  }

  /** This environment wants a permit from now on, until `withdraw` was called as often. */
  announce(): void {
    if (this.#announced++ === 0) Atomics.or(this.words, this.#ownWord, this.#ownBit);
  }

  withdraw(): void {
    if (--this.#announced === 0) Atomics.and(this.words, this.#ownWord, ~this.#ownBit);
  }

  /** To be called before each look at the permits that may end in sleep. Gives the turn for `block`. */
  remind(): number {
    Atomics.or(this.words, this.#flags, somebodyWants);
    return Atomics.load(this.words, this.#turn);
  }

  /** Whether one who waits may take a permit. */
  get isOwnTurn(): boolean {
    if (!this.isBarred) return true;
    const slot = this.#last();
    return slot < 0 || slot === this.#member.slot.index || !this.#isWanting(slot);
  }

  /** Blocks this thread until somebody is woken, or for so long. */
  block(turn: number, timeoutMs: number): boolean {
    const { addon, bell } = this.#member;
    return bell.block(() => addon.park(this.#offset, turn >>> 0, timeoutMs));
  }

  /** Wakes the first after the last that was woken for which `accepts` is true. False: there is none. */
  wakeNextThat(accepts: (slot: number) => boolean): boolean {
    const first = this.#find(this.#last() + 1);
    let slot = first;
    for (let looks = 0; slot >= 0 && looks < this.#wantWords * 32; looks++) {
      if (accepts(slot)) {
        this.#advance(slot);
        this.#ring(slot);
        return true;
      }
      slot = this.#find(slot + 1);
      if (slot === first) break;
    }
    return false;
  }

  /** The slots that want something here, this one too. */
  *wanting(): Generator<number> {
    for (let word = 0; word < this.#wantWords; word++) {
      let bits = Atomics.load(this.words, this.#wants + word);
      for (; bits !== 0; bits &= bits - 1) yield word * 32 + lowestBit(bits);
    }
  }

  /** Of those that want something, the one after this slot, which may be itself; -1 if there is none. */
  get neighbour(): number {
    return this.#find(this.#member.slot.index + 1);
  }

  /** Whether there is anybody to wake, perhaps. */
  get isWanted(): boolean {
    return (Atomics.load(this.words, this.#flags) & somebodyWants) !== 0;
  }

  /** There is a permit: wakes the one after the last that was woken, if anybody wants it. */
  wakeNext(): void {
    if (!this.isWanted) return;
    let next = this.#find(this.#last() + 1);
    while (next < 0) {
      // Who came between the look and this finds the permit himself, or is found by the second look.
      Atomics.and(this.words, this.#flags, ~somebodyWants);
      if (this.#find(this.#last() + 1) < 0) return;
      // Who was found may have taken it and released it meanwhile, and told nobody as the flag was not there.
      Atomics.or(this.words, this.#flags, somebodyWants);
      next = this.#find(this.#last() + 1);
    }
    this.#advance(next);
    this.#ring(next);
  }

  wakeAll(): void {
    if (!this.isWanted) return;
    Atomics.and(this.words, this.#flags, ~somebodyWants);
    this.#advance(-1);
    for (const slot of this.wanting()) this.#ring(slot);
  }

  #ring(slot: number): void {
    if (slot === this.#member.slot.index) this.#onOwnTurn();
    else this.#member.bell.others.wake(slot);
  }

  #advance(slot: number): void {
    const seen = Atomics.load(this.words, this.#turn);
    const count = (seen & -this.#turnStep) + this.#turnStep;
    Atomics.store(this.words, this.#turn, count | (slot + 1) | 0);
  }

  #isWanting(slot: number): boolean {
    const bits = Atomics.load(this.words, this.#wants + (slot >> 5));
    return (bits & (1 << (slot & 31))) !== 0;
  }

  /** The slot that was woken last; -1: none was. */
  #last(): number {
    return (Atomics.load(this.words, this.#turn) & (this.#turnStep - 1)) - 1;
  }

  // The first that wants something from `start` on, and round; -1 if nobody does.
  #find(start: number): number {
    const firstWord = (start >> 5) % this.#wantWords;
    for (let i = 0; i <= this.#wantWords; i++) {
      const word = (firstWord + i) % this.#wantWords;
      let bits = Atomics.load(this.words, this.#wants + word);
      if (i === 0) bits &= -1 << (start & 31);
      if (bits !== 0) return word * 32 + lowestBit(bits);
    }
    return -1;
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
