// The consumer's side of a ring: walks published records, decodes them, gives their room back.
// Writing is ring-writer.ts; what a producer takes back of what it wrote, unbegun-records.ts.
import type { RecordSlabs } from '../memory/slabs.js';
import type { Addon } from '../native/contract.js';
import type { Decoder } from '../serialize/decoder.js';
import { DetachedMessage } from './detached-message.js';
import { RecordCursor } from './record-cursor.js';
import { corruptRing, payloadInSlab, type RingView } from './ring-layout.js';

export class RingReader extends RecordCursor {
  readonly #addon: Addon;
  readonly #decoder: Decoder;
  readonly #slabs: RecordSlabs;
  readonly #crashes: boolean;
  #head: number;
  #tail: number;
  #claimed = false;
  /**
   * Called for each record that the producer took back, while the reader stands at it: what it says can still be read,
   * its slabs (`hasSlabs`) are gone.
   */
  onTakenBack: () => void = () => {};

  constructor(addon: Addon, ring: RingView, tools: { decoder: Decoder; slabs: RecordSlabs }) {
    super(ring);
    this.#addon = addon;
    this.#decoder = tools.decoder;
    this.#slabs = tools.slabs;
    this.#crashes = addon.constants.crashPoints > 0;
    this.#head = Atomics.load(this.words, ring.constants.ringHead) >>> 0;
    this.#tail = this.#head;
  }

  /** Whether something is published beyond the head. */
  hasRecord(): boolean {
    return Atomics.load(this.words, this.ring.constants.ringTail) >>> 0 !== this.#head;
  }

  /** Goes to the next record. False if there is none. Throws `ERR_FORKYARD_CORRUPT_MESSAGE`. */
  next(): boolean {
    for (;;) {
      if (this.#head === this.#tail) {
        this.#tail = Atomics.load(this.words, this.ring.constants.ringTail) >>> 0;
        if (this.#head === this.#tail) return false;
      }
      this.readAt(this.#head, (this.#tail - this.#head) >>> 0);
      if (!this.isSkip) return true;
      if (this.claim()) this.#release();
    }
  }

  /**
   * Begins with the record, against a producer that may take it back. False: it did; look for the next one. Where no
   * producer takes anything back, `advance` alone will do.
   */
  claim(): boolean {
    const { ringBegun } = this.ring.constants;
    const end = (this.#head + this.bytes) | 0;
    const begun = Atomics.compareExchange(this.words, ringBegun, this.#head | 0, end);
    if (begun !== (this.#head | 0)) {
      this.#passOver(begun >>> 0);
      return false;
    }
    this.#claimed = true;
    return true;
  }

  /** Whether a part of the record is in slabs. */
  get hasSlabs(): boolean {
    return this.cells > 0;
  }

  /** The value of the record, decoded; its slabs now belong to the buffers of the value. */
  decode(): unknown {
    const slabs = this.#slabs.at(this.#head);
    if (this.flags & payloadInSlab) {
      const payload = new Uint8Array(slabs.borrow(this.cells - 1));
      return this.#decoder.decode(payload, 0, payload.length);
    }
    const start = this.payloadStart(this.#head);
    return this.#decoder.decode(this.ring.bytes, start, start + this.payloadBytes);
  }

  /** The value, to be decoded when the record is gone. */
  detach(): DetachedMessage {
    const slabs = this.#slabs.at(this.#head);
    const cells: number[] = [];
    for (let index = 0; index < this.cells; index++) cells.push(slabs.detach(index));
    const start = this.payloadStart(this.#head);
    const isInSlab = (this.flags & payloadInSlab) !== 0;
    const payload = isInSlab ? undefined : this.ring.bytes.slice(start, start + this.payloadBytes);
    return new DetachedMessage(this.#addon, payload, cells);
  }

  /** Gives the room of the record back; slabs that nobody took are released. True if the producer waits for it. */
  advance(): boolean {
    if (this.cells > 0) {
      const slabs = this.#slabs.at(this.#head);
      for (let index = 0; index < this.cells; index++) slabs.drop(index);
    }
    this.#release();
    return this.isAwaited;
  }

  /** Whether the producer waits for room. */
  get isAwaited(): boolean {
    return Atomics.load(this.words, this.ring.constants.ringProducerWaiting) === 1;
  }

  // Until their room is given back nobody writes over them.
  #passOver(begun: number): void {
    if ((begun - this.#head) >>> 0 > this.ring.capacity) throw corruptRing('begun');
    this.#tail = Atomics.load(this.words, this.ring.constants.ringTail) >>> 0;
    while (this.#head !== begun) {
      this.readAt(this.#head, (begun - this.#head) >>> 0);
      if (!this.isSkip) this.onTakenBack();
      this.#claimed = true;
      this.#release();
    }
  }

  #release(): void {
    const { ringBegun, ringHead, crashRingHeadAdvanced } = this.ring.constants;
    const head = this.#head;
    this.#head = (head + this.bytes) >>> 0;
    // A record that its producer conceded is begun already, and so may be others behind it that were taken back.
    if (!this.#claimed) Atomics.compareExchange(this.words, ringBegun, head | 0, this.#head | 0);
    this.#claimed = false;
    Atomics.store(this.words, ringHead, this.#head | 0);
    if (this.#crashes) this.#addon.crashPoint(crashRingHeadAdvanced);
  }
}
