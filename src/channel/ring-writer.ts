// The producer's side of a ring: encodes values straight into it, and publishes the tail last.
// Reading is ring-reader.ts. The protocol, its drawing and what a crash leaves behind: native/channel/README.md.
import { type ArenaSlabs, maxSlabsPerMessage } from '../memory/slabs.js';
import type { Addon } from '../native/contract.js';
import type { Encoder } from '../serialize/encoder.js';
import { inlineBytes, payloadInSlab, type RingView, recordBytes } from './ring-layout.js';

/** What the receiver needs beside the payload. `type` is below 256; `id` and `extra` are 32 bits each. */
export interface RecordHead {
  readonly type: number;
  readonly id: number;
  readonly extra: number;
  /** Of the value, an array, only the elements are sent. */
  readonly isList?: boolean;
}

/** An encoded message that waits for room. Owns its bytes and its slabs. */
export interface EncodedMessage {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly cells: readonly number[];
  readonly flags: number;
}

const noCells: number[] = [];

export class RingWriter {
  readonly #addon: Addon;
  readonly #ring: RingView;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #mask: number;
  readonly #encoder: Encoder;
  readonly #slabs: ArenaSlabs;
  readonly #crashes: boolean;
  #tail = 0;
  #head = 0;

  constructor(addon: Addon, ring: RingView, tools: { encoder: Encoder; slabs: ArenaSlabs }) {
    this.#addon = addon;
    this.#ring = ring;
    this.#words = ring.words;
    this.#bytes = ring.bytes;
    this.#mask = ring.capacity - 1;
    this.#encoder = tools.encoder;
    this.#slabs = tools.slabs;
    this.#crashes = addon.constants.crashPoints > 0;
    this.#tail = Atomics.load(this.#words, ring.constants.ringTail) >>> 0;
  }

  /** Bytes written so far, modulo 2^32: where the next record begins. */
  get position(): number {
    return this.#tail;
  }

  /**
   * Encodes and publishes a message. Null if it was published; else it is returned, encoded, to be written later:
   * the value may change meanwhile. Throws, with nothing written, if the value cannot be encoded.
   */
  write(head: RecordHead, value: unknown): EncodedMessage | null {
    if (head.isList === true) this.#encoder.expectList(value as unknown[]);
    const place = this.#roomFor(inlineBytes + maxSlabsPerMessage * 8);
    if (place < 0) return this.encode(value);
    const start = place + 16;
    this.#slabs.beginMessage();
    this.#encoder.encode(value, this.#bytes, start, start + inlineBytes);
    if (!this.#encoder.spilled) {
      const { end, tokens } = this.#encoder;
      this.#publish(head.type, head.id, head.extra, end - start, tokens);
      return null;
    }
    const message = detachSpilled(this.#encoder, this.#slabs);
    return this.writeEncoded(head, message) ? null : message;
  }

  /** Encodes a message to be written later. Throws if the value cannot be encoded. */
  encode(value: unknown): EncodedMessage {
    return detachEncoded(this.#encoder, this.#slabs, value);
  }

  /** Publishes a message that was encoded before. False if there is no room: nothing happened. */
  writeEncoded(head: RecordHead, message: EncodedMessage): boolean {
    const size = message.end - message.start;
    const place = this.#roomFor(roomOf(message));
    if (place < 0) return false;
    copyBytes(message, this.#bytes, place + 16);
    this.#publish(head.type | message.flags, head.id, head.extra, size, message.cells as number[]);
    return true;
  }

  /** Tells the consumer that this side waits for room for a message; true if there is some by now. */
  waitForRoom(bytes: number): boolean {
    Atomics.store(this.#words, this.#ring.constants.ringProducerWaiting, 1);
    if (this.#roomFor(bytes) < 0) return false;
    Atomics.store(this.#words, this.#ring.constants.ringProducerWaiting, 0);
    return true;
  }

  // The byte at which a record with such a payload may be written, or -1. Records do not wrap: where the end of the
  // ring is too near, a skip record is published first.
  #roomFor(payloadBytes: number): number {
    const { capacity, dataOffset, constants } = this.#ring;
    const needed = recordBytes(constants, payloadBytes, 0);
    let free = capacity - ((this.#tail - this.#head) >>> 0);
    let place = this.#tail & this.#mask;
    const untilEnd = capacity - place;
    const wanted = untilEnd < needed ? untilEnd + needed : needed;
    if (free < wanted) {
      this.#head = Atomics.load(this.#words, constants.ringHead) >>> 0;
      free = capacity - ((this.#tail - this.#head) >>> 0);
      if (free < wanted) return -1;
    }
    if (untilEnd < needed) {
      const word = (dataOffset + place) >>> 2;
      this.#words[word] = 0;
      this.#words[word + 1] = constants.skipRecord;
      this.#moveTail(untilEnd);
      place = 0;
    }
    return dataOffset + place;
  }

  #publish(type: number, id: number, extra: number, size: number, cells: number[]): void {
    const words = this.#words;
    const word = (this.#ring.dataOffset + (this.#tail & this.#mask)) >>> 2;
    words[word] = size;
    words[word + 1] = type | (cells.length << 16);
    words[word + 2] = id;
    words[word + 3] = extra;
    if (cells.length > 0) this.#addon.attach(this.#ring.block, this.#tail, cells);
    this.#moveTail(recordBytes(this.#ring.constants, size, cells.length));
    if (cells.length > 0) Atomics.store(words, this.#ring.constants.ringAttaching, 0);
  }

  #moveTail(bytes: number): void {
    this.#tail = (this.#tail + bytes) >>> 0;
    Atomics.store(this.#words, this.#ring.constants.ringTail, this.#tail | 0);
    if (this.#crashes) this.#addon.crashPoint(this.#ring.constants.crashRingTailPublished);
  }
}

// Messages that wait lie one behind the other in blocks of this size: memory of its own for each would cost more than
// encoding it. A block is garbage when the last of its messages was sent.
const blockBytes = 65_536;
let block = new Uint8Array(0);
let used = 0;

/** Encodes a message to be written later. Throws if the value cannot be encoded. */
export function detachEncoded(encoder: Encoder, slabs: ArenaSlabs, value: unknown): EncodedMessage {
  if (block.length - used < inlineBytes) {
    block = new Uint8Array(blockBytes);
    used = 0;
  }
  slabs.beginMessage();
  encoder.encode(value, block, used, used + inlineBytes);
  if (encoder.spilled) return detachSpilled(encoder, slabs);
  const { start, end, tokens } = encoder;
  used = end;
  return { bytes: block, start, end, cells: tokens.length === 0 ? noCells : [...tokens], flags: 0 };
}

/** Takes what the encoder has spilled out of its memory, into a slab if it is too long for the ring. */
export function detachSpilled(encoder: Encoder, slabs: ArenaSlabs): EncodedMessage {
  const { bytes, start, end, tokens } = encoder;
  const encoded = bytes.subarray(start, end);
  const cells = [...tokens];
  if (encoded.length <= inlineBytes) {
    return { bytes: encoded.slice(), start: 0, end: encoded.length, cells, flags: 0 };
  }
  try {
    cells.push(slabs.shareAlways(encoded));
  } catch (error) {
    for (const cell of cells) slabs.drop(cell);
    throw error;
  }
  return { bytes: new Uint8Array(0), start: 0, end: 0, cells, flags: payloadInSlab };
}

/** Bytes that the payload of a message takes in a ring. */
export function roomOf(message: EncodedMessage): number {
  return message.end - message.start + message.cells.length * 8;
}

// A loop beats `set` and its subarray for what is usual: a few dozen bytes.
export function copyBytes(
  from: Pick<EncodedMessage, 'bytes' | 'start' | 'end'>,
  to: Uint8Array,
  at: number,
): void {
  const { bytes, start, end } = from;
  if (end - start > 128) {
    to.set(bytes.subarray(start, end), at);
    return;
  }
  for (let i = start; i < end; i++) to[at + i - start] = bytes[i] as number;
}
