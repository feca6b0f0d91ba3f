// Where one record of a ring stands and what its head says. Nothing in the ring is believed.
// Walking along records is ring-reader.ts (the consumer) and unbegun-records.ts (the producer).
import { corruptRing, payloadInSlab, type RingView, recordBytes } from './ring-layout.js';

export class RecordCursor {
  protected readonly ring: RingView;
  protected readonly words: Int32Array;
  readonly #mask: number;

  type = 0;
  id = 0;
  extra = 0;
  protected bytes = 0;
  protected payloadBytes = 0;
  protected cells = 0;
  protected flags = 0;

  constructor(ring: RingView) {
    this.ring = ring;
    this.words = ring.words;
    this.#mask = ring.capacity - 1;
  }

  protected get isSkip(): boolean {
    return this.type === this.ring.constants.skipRecord;
  }

  /** Byte of the ring's buffer at which the payload of the record at `position` begins. */
  protected payloadStart(position: number): number {
    return this.ring.dataOffset + (position & this.#mask) + 16;
  }

  /** Reads the head of the record at `position`, `published` bytes before the tail. */
  protected readAt(position: number, published: number): void {
    const { words } = this;
    const { capacity, dataOffset, constants } = this.ring;
    const place = position & this.#mask;
    // A skip record has eight bytes at least: where the end is too near for a header, only its first half fits.
    if ((place & 7) !== 0 || published > capacity || published < 8) throw corruptRing('positions');
    const word = (dataOffset + place) >>> 2;
    const packed = words[word + 1] as number;
    this.type = packed & 0xffff;
    this.flags = 0;
    this.cells = 0;
    if (this.type === constants.skipRecord) {
      this.bytes = capacity - place;
    } else {
      this.payloadBytes = (words[word] as number) >>> 0;
      this.cells = packed >>> 16;
      this.flags = packed & payloadInSlab;
      this.type &= 0xff;
      this.id = words[word + 2] as number;
      this.extra = words[word + 3] as number;
      if (this.payloadBytes > capacity) throw corruptRing('length');
      this.bytes = recordBytes(constants, this.payloadBytes, this.cells);
    }
    if (this.bytes > published || place + this.bytes > capacity) throw corruptRing('length');
    if (this.flags !== 0 && this.cells === 0) throw corruptRing('slab');
  }
}
