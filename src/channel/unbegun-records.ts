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
  readonly #crashes: boolean;

  constructor(addon: Addon, ring: RingView) {
    super(ring);
    this.#addon = addon;
    this.#crashes = addon.constants.crashPoints > 0;
  }

  /** Where the consumer is. */
  get begun(): number {
    return Atomics.load(this.words, this.ring.constants.ringBegun) >>> 0;
  }

  /** Leaves what was written so far to the consumer for good. Only before there is one. */
  concede(): void {
    const { ringBegun, ringTail } = this.ring.constants;
    Atomics.store(this.words, ringBegun, Atomics.load(this.words, ringTail));
  }

  /** The next record that is not begun, now this side's again; null if there is none, or none that can be read. */
  take(): UnbegunRecord | null {
    const { ringTail } = this.ring.constants;
    for (;;) {
      const position = this.begun;
      const published = ((Atomics.load(this.words, ringTail) >>> 0) - position) >>> 0;
      if (published === 0 || !this.#canRead(position, published)) return null;
      const record = this.#takeAt(position);
      if (record !== null) return record;
    }
  }

  // Null if the consumer was faster, or if it is nothing but a skip.
  #takeAt(position: number): UnbegunRecord | null {
    const { ringBegun, ringTaken, ringTaking, crashRingRecordTakenBack } = this.ring.constants;
    const { words, type, id, extra } = this;
    // From the exchange on the consumer may move its head beyond the record. If this process died then, nobody would
    // find the references in it, but for these words.
    if (this.cells > 0) {
      Atomics.store(words, ringTaken, position | 0);
      Atomics.store(words, ringTaking, 1);
    }
    const taken =
      Atomics.compareExchange(words, ringBegun, position | 0, (position + this.bytes) | 0) === (position | 0);
    if (taken && this.#crashes) this.#addon.crashPoint(crashRingRecordTakenBack);
    const record = taken && !this.isSkip ? { type, id, extra, message: this.#detach(position) } : null;
    if (this.cells > 0) Atomics.store(words, ringTaking, 0);
    return record;
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
