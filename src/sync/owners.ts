// Permits that have an owner each: the cells of a block, of which a dead owner's are given to the next.
// The uncontended paths are one exchange here; the sweep of the dead is native/sync/sweep.cc.
import { member } from '../family/membership.js';
import { Waitable } from './waitable.js';

// A cell whose owner died: 1 << 31 as an Int32Array has it.
const died = -(2 ** 31);
// A cell without a permit.
const closed = 2 ** 30;
/** What `take` gives: the number of the cell, and whether its last owner died. */
export const ownerDiedFlag = 2 ** 30;

export abstract class OwnedPermits extends Waitable<number> {
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #more: number;
  readonly #own: number;
  readonly #count: number;
  /** Since when whom was seen to hold the first cell. */
  #seen = { owner: 0, since: 0 };

  protected constructor(kind: number, count: number) {
    super({ kind, owners: count });
    const { addon, slot } = member();
    this.#words = this.room.words;
    this.#first = addon.constants.syncFirstOwner;
    this.#more = addon.constants.syncMoreOwners - 1;
    this.#own = slot.index + 1;
    this.#count = count;
  }

  protected get cells(): number {
    return this.#count;
  }

  protected take(): number | undefined {
    for (let cell = 0; cell < this.#count; cell++) {
      const place = this.#place(cell);
      const seen = Atomics.compareExchange(this.#words, place, 0, this.#own);
      if (seen === 0) return cell;
      if (seen !== died) continue;
      if (Atomics.compareExchange(this.#words, place, died, this.#own) === died) return cell | ownerDiedFlag;
    }
    return undefined;
  }

  // Whose it is does not matter where it is to be had at once.
  protected override takeNow(): number | undefined {
    return this.room.isBarred && !this.room.isOwnTurn ? undefined : this.take();
  }

  protected isThere(): boolean {
    return this.free() > 0;
  }

  /** Those that nobody owns at the moment. */
  protected free(): number {
    let free = 0;
    for (let cell = 0; cell < this.#count; cell++) if (isFree(this.#ownerOf(cell))) free++;
    return free;
  }

  protected ownCells(): number[] {
    const own: number[] = [];
    for (let cell = 0; cell < this.#count; cell++) if (this.isOwn(cell)) own.push(cell);
    return own;
  }

  /** Before anybody else knows the block: there are permits for the first cells only. */
  protected closeFrom(count: number): void {
    for (let cell = count; cell < this.#count; cell++) Atomics.store(this.#words, this.#place(cell), closed);
  }

  /** Gives so many cells that have none a permit each; if there are fewer, none of them. How many there are. */
  protected open(count: number): number {
    if (count <= 0) return 0;
    const found: number[] = [];
    for (let cell = 0; cell < this.#count && found.length < count; cell++) {
      if (this.#ownerOf(cell) === closed) found.push(cell);
    }
    if (found.length < count) return found.length;
    let opened = 0;
    for (const cell of found) {
      if (Atomics.compareExchange(this.#words, this.#place(cell), closed, 0) === closed) opened++;
    }
    for (let permit = 0; permit < opened; permit++) this.room.wakeNext();
    // Somebody else was faster at some of them.
    return opened + this.open(count - opened);
  }

  protected isOwn(cell: number): boolean {
    return this.#ownerOf(cell) === this.#own;
  }

  /** Gives up a cell of this environment's. False: it is not. */
  protected giveUp(cell: number): boolean {
    if (Atomics.compareExchange(this.#words, this.#place(cell), this.#own, 0) !== this.#own) return false;
    this.room.wakeNext();
    return true;
  }

  /** Gives up any cell, of whomever. False: nobody owns any. */
  protected giveUpAny(): boolean {
    for (let cell = 0; cell < this.#count; cell++) {
      const owner = this.#ownerOf(cell);
      if (!isOwned(owner) || Atomics.compareExchange(this.#words, this.#place(cell), owner, 0) !== owner)
        continue;
      this.room.wakeNext();
      return true;
    }
    return false;
  }

  protected override wantNow(): number {
    const owner = this.#ownerOf(0);
    if (owner !== this.#seen.owner) this.#seen = { owner, since: performance.now() };
    return 0;
  }

  protected override lookAfterOwners(): void {
    this.wantNow();
    const { addon } = member();
    for (let cell = 0; cell < this.#count; cell++) {
      const owner = this.#ownerOf(cell);
      if (isOwned(owner) && owner !== this.#own) addon.reap(owner - 1);
    }
  }

  /** "process 123 holds the lock, for 40 ms that this waiter has seen". */
  protected holder(): string {
    this.wantNow();
    const { owner, since } = this.#seen;
    if (!isOwned(owner)) return 'nobody holds the lock any more';
    const { pid, thread } = member()
      .addon.slots()
      .find(({ index }) => index === owner - 1) ?? { pid: 0, thread: 0 };
    const who =
      owner === this.#own ? 'this thread' : `process ${pid}${thread === pid ? '' : `, thread ${thread},`}`;
    return `${who} holds the lock, for ${Math.round(performance.now() - since)} ms that this waiter has seen`;
  }

  #ownerOf(cell: number): number {
    return Atomics.load(this.#words, this.#place(cell));
  }

  #place(cell: number): number {
    return cell === 0 ? this.#first : this.#more + cell;
  }
}

function isFree(owner: number): boolean {
  return owner === 0 || owner === died;
}

function isOwned(owner: number): boolean {
  return !isFree(owner) && owner !== closed;
}
