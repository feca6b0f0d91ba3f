// What comes out of a queue or a pipe: the addon's answer, decoded. What goes in is outgoing.ts.
import { corruptRing, payloadInSlab } from '../channel/ring-layout.js';
import { type Membership, member } from '../family/membership.js';
import { receiveBlock } from '../memory/shared-blocks.js';
import type { Addon } from '../native/contract.js';
import { Decoder } from '../serialize/decoder.js';
import type { SharedBlock, SlabReceiver } from '../serialize/slabs.js';
import { exchangeOf, type ItemArea, word } from './exchange.js';
import { itemType } from './outgoing.js';

// Buffers over shared memory are given back by turns of the event loop. Who blocks takes none, so what it received beyond this
// is copied, which V8 can free by itself.
const mostViewedBytes = 64 * 2 ** 20;
const mostViews = 1024;

/** What is wanted of the next item. */
export interface Demand {
  /** Bit n: items of type n. */
  readonly types: number;
  readonly maxLength: number;
}

/** What was taken last, in the exchange. */
export class Inbox implements SlabReceiver {
  readonly #addon: Addon;
  readonly #area: ItemArea;
  readonly #decoder: Decoder;
  #isBusy = false;
  #kept = 0;

  constructor(own: Membership) {
    this.#addon = own.addon;
    this.#area = exchangeOf(own).taken;
    this.#decoder = new Decoder({ slabs: this });
  }

  static of(own: Membership): Inbox {
    let inbox = inboxes.get(own);
    if (inbox === undefined) {
      inbox = new Inbox(own);
      inboxes.set(own, inbox);
    }
    return inbox;
  }

  /** Whether it is being decoded from: a conversion of a registered class may take an item itself, by `aside`. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Lets another use the exchange, which afterwards is as it was. */
  aside<Result>(use: (inbox: Inbox) => Result): Result {
    const { words, payload } = this.#area;
    const [keptWords, keptPayload] = [words.slice(), payload.slice(0, words[word.payloadBytes])];
    try {
      return use(new Inbox(member()));
    } finally {
      words.set(keptWords);
      payload.set(keptPayload);
    }
  }

  /** The outcome of `queueTake`. */
  takeFrom(queue: number, { types, maxLength }: Demand): number {
    const { words } = this.#area;
    words[word.type] = types;
    words[word.length] = maxLength;
    return this.#addon.queueTake(queue);
  }

  get type(): number {
    return (this.#area.words[word.type] as number) & 0xff;
  }

  /** Of bytes: how many, also of an item that was not taken. */
  get length(): number {
    return this.#area.words[word.length] as number;
  }

  /** Of what was taken, without what lies beside it. */
  get payloadBytes(): number {
    return this.#area.words[word.payloadBytes] as number;
  }

  /** The value or the bytes (as a Buffer) of what was taken. Throws `SerializationError`; the item is used up. */
  open(): unknown {
    this.#isBusy = true;
    this.#kept = 0;
    try {
      return this.type === itemType.bytes ? this.#bytes() : this.#value();
    } finally {
      // What nobody took.
      for (let index = this.#kept; index < this.#cells; index++) this.#addon.release(this.#cell(index));
      this.#isBusy = false;
    }
  }

  take(index: number): ArrayBuffer {
    return receive(this.#addon, this.#use(index));
  }

  takeShared(index: number): SharedBlock {
    return receiveBlock(this.#addon, this.#use(index));
  }

  #value(): unknown {
    if (!this.#isInSlab) return this.#decoder.decode(this.#area.payload, 0, this.payloadBytes);
    // Nothing of the value refers to it, so the cell is given up as one that nobody took.
    const payload = new Uint8Array(this.#addon.borrowCell(this.#cell(this.#cells - 1)));
    return this.#decoder.decode(payload, 0, payload.length);
  }

  #bytes(): Buffer {
    if (!this.#isInSlab) return Buffer.from(this.#area.payload.subarray(0, this.payloadBytes));
    const slab = this.take(0);
    if (slab.byteLength < this.length) throw corruptRing('length');
    return Buffer.from(slab, 0, this.length);
  }

  get #isInSlab(): boolean {
    if (((this.#area.words[word.type] as number) & payloadInSlab) === 0) return false;
    if (this.#cells === 0) throw corruptRing('slab');
    return true;
  }

  get #cells(): number {
    return this.#area.words[word.cellCount] as number;
  }

  #cell(index: number): number {
    return this.#area.words[word.cells + index] as number;
  }

  // They are asked for in order, each once: what a broken peer claims beyond them is no cell.
  #use(index: number): number {
    if (index !== this.#kept || index >= this.#cells) throw corruptRing('slab');
    this.#kept++;
    return this.#cell(index);
  }
}

const inboxes = new WeakMap<Membership, Inbox>();
let viewedBytes = 0;
let views = 0;

function receive(addon: Addon, cell: number): ArrayBuffer {
  const copies = viewedBytes > mostViewedBytes || views > mostViews;
  const buffer = addon.receiveCell(cell, copies);
  if (copies) return buffer;
  if (views === 0) setImmediate(forget).unref();
  viewedBytes += buffer.byteLength;
  views++;
  return buffer;
}

function forget(): void {
  viewedBytes = 0;
  views = 0;
}
