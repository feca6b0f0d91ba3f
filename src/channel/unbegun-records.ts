// What the producer of a ring takes back of what it wrote: records that the consumer has not begun, because it is dead,
// or busy with something long. Both advance the word `begun` by compare-and-swap, so each record has one taker.
import type { Addon } from '../native/contract.js';
import { RecordCursor } from './record-cursor.js';
import type { RingView } from './ring-layout.js';
import type { EncodedMessage } from './ring-writer.js';

/** A record taken back: what it was, and its message to be sent again. */
export interface UnbegunRecord {
  readonly type: number;
  readonly id: number;
  readonly extra: number;
  /** Null if a slab of it is gone: a consumer died while it took it. */
  readonly message: EncodedMessage | null;
}

export class UnbegunRecords extends RecordCursor {
  readonly #addon: Addon;

  constructor(addon: Addon, ring: RingView) {
    super(ring);
    this.#addon = addon;
  }

  /** Where the consumer is. */
  get begun(): number {
    return Atomics.load(this.words, this.ring.constants.ringBegun) >>> 0;
  }

  /** The next record that is not begun, now this side's again; null if there is none, or none that can be read. */
  take(): UnbegunRecord | null {
    const { ringBegun, ringTail } = this.ring.constants;
    for (;;) {
      const position = this.begun;
      const published = ((Atomics.load(this.words, ringTail) >>> 0) - position) >>> 0;
      if (published === 0 || !this.#canRead(position, published)) return null;
      const next = (position + this.bytes) | 0;
      if (Atomics.compareExchange(this.words, ringBegun, position | 0, next) !== (position | 0)) continue;
      if (this.isSkip) continue;
      const { type, id, extra } = this;
      return { type, id, extra, message: this.#detach(position) };
    }
  }

  // A consumer that scribbled over the ring leaves records that nobody can read: they are lost with it.
  #canRead(position: number, published: number): boolean {
    try {
      this.readAt(position, published);
      return true;
    } catch {
      return false;
    }
  }

  // Nobody else writes here before this side does, so the bytes stay until they are copied.
  #detach(position: number): EncodedMessage | null {
    const start = this.payloadStart(position);
    const bytes = this.ring.bytes.slice(start, start + this.payloadBytes);
    const cells: number[] = [];
    try {
      for (let index = 0; index < this.cells; index++) {
        cells.push(this.#addon.reclaim(this.ring.block, position, index));
      }
    } catch {
      for (const cell of cells) this.#addon.release(cell);
      return null;
    }
    return { bytes, start: 0, end: bytes.length, cells, flags: this.flags };
  }
}
