// The consumer's side of a ring: walks published records, decodes them, gives their room back.
// Writing is ring-writer.ts. Nothing in the ring is believed: the producer may be broken.
import type { RecordSlabs } from '../memory/slabs.js';
import type { Addon } from '../native/contract.js';
import type { Decoder } from '../serialize/decoder.js';
import { corruptRing, payloadInSlab, type RingView, recordBytes } from './ring-layout.js';
import type { EncodedMessage } from './ring-writer.js';

export class RingReader {
  readonly #addon: Addon;
  readonly #ring: RingView;
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #decoder: Decoder;
  readonly #slabs: RecordSlabs;
  readonly #crashes: boolean;
  #head: number;
  #tail: number;
  #recordBytes = 0;
  #payloadBytes = 0;
  #cells = 0;
  #flags = 0;

  /** Of the record that `next` found. */
  type = 0;
  id = 0;
  extra = 0;

  constructor(addon: Addon, ring: RingView, tools: { decoder: Decoder; slabs: RecordSlabs }) {
    this.#addon = addon;
    this.#ring = ring;
    this.#words = ring.words;
    this.#mask = ring.capacity - 1;
    this.#decoder = tools.decoder;
    this.#slabs = tools.slabs;
    this.#crashes = addon.constants.crashPoints > 0;
    this.#head = Atomics.load(this.#words, ring.constants.ringHead) >>> 0;
    this.#tail = this.#head;
  }

  /** Whether something is published beyond the head. */
  hasRecord(): boolean {
    return Atomics.load(this.#words, this.#ring.constants.ringTail) >>> 0 !== this.#head;
  }

  /** Where the record that `next` found begins; what the producer calls its position. */
  get position(): number {
    return this.#head;
  }

  /** Goes to the next record. False if there is none. Throws `ERR_FORKYARD_CORRUPT_MESSAGE`. */
  next(): boolean {
    for (;;) {
      if (this.#head === this.#tail) {
        this.#tail = Atomics.load(this.#words, this.#ring.constants.ringTail) >>> 0;
        if (this.#head === this.#tail) return false;
      }
      this.#readHeader();
      if (this.type !== this.#ring.constants.skipRecord) return true;
      this.#release();
    }
  }

  /** The value of the record, decoded; its slabs now belong to the buffers of the value. */
  decode(): unknown {
    const slabs = this.#slabs.at(this.#head);
    if (this.#flags & payloadInSlab) {
      const payload = new Uint8Array(slabs.borrow(this.#cells - 1));
      return this.#decoder.decode(payload, 0, payload.length);
    }
    const start = this.#ring.dataOffset + (this.#head & this.#mask) + 16;
    return this.#decoder.decode(this.#ring.bytes, start, start + this.#payloadBytes);
  }

  /**
   * The payload as it is, copied, with its slabs taken over: to be sent again elsewhere. Null if a slab is gone: the
   * consumer had taken it when it died.
   */
  detach(): EncodedMessage | null {
    const start = this.#ring.dataOffset + (this.#head & this.#mask) + 16;
    const bytes = this.#ring.bytes.slice(start, start + this.#payloadBytes);
    const cells: number[] = [];
    try {
      for (let index = 0; index < this.#cells; index++) {
        cells.push(this.#addon.reclaim(this.#ring.block, this.#head, index));
      }
    } catch {
      for (const cell of cells) this.#addon.release(cell);
      return null;
    }
    return { bytes, start: 0, end: bytes.length, cells, flags: this.#flags };
  }

  /** Gives the room of the record back; slabs that nobody took are released. True if the producer waits for it. */
  advance(): boolean {
    if (this.#cells > 0) {
      const slabs = this.#slabs.at(this.#head);
      for (let index = 0; index < this.#cells; index++) slabs.drop(index);
    }
    this.#release();
    return Atomics.load(this.#words, this.#ring.constants.ringProducerWaiting) === 1;
  }

  #release(): void {
    this.#head = (this.#head + this.#recordBytes) >>> 0;
    Atomics.store(this.#words, this.#ring.constants.ringHead, this.#head | 0);
    if (this.#crashes) this.#addon.crashPoint(this.#ring.constants.crashRingHeadAdvanced);
  }

  #readHeader(): void {
    const words = this.#words;
    const { capacity, dataOffset, constants } = this.#ring;
    const place = this.#head & this.#mask;
    const published = (this.#tail - this.#head) >>> 0;
    // A skip record has eight bytes at least: where the end is too near for a header, only its first half fits.
    if ((place & 7) !== 0 || published > capacity || published < 8) throw corruptRing('positions');
    const word = (dataOffset + place) >>> 2;
    const packed = words[word + 1] as number;
    this.type = packed & 0xffff;
    if (this.type === constants.skipRecord) {
      this.#recordBytes = capacity - place;
    } else {
      this.#payloadBytes = (words[word] as number) >>> 0;
      this.#cells = packed >>> 16;
      this.#flags = packed & payloadInSlab;
      this.type &= 0xff;
      this.id = words[word + 2] as number;
      this.extra = words[word + 3] as number;
      if (this.#payloadBytes > capacity) throw corruptRing('length');
      this.#recordBytes = recordBytes(constants, this.#payloadBytes, this.#cells);
    }
    if (this.#recordBytes > published || place + this.#recordBytes > capacity) throw corruptRing('length');
    if (this.#flags !== 0 && this.#cells === 0) throw corruptRing('slab');
  }
}
