// Copies of large payloads in the arena, on their way into a message (SlabSender) and out of one (SlabReceiver).
// When a payload is large enough is the encoder's decision; how references survive a death is native/memory/README.md.
import type { Addon } from '../native/contract.js';
import type { SharedBlock, SlabReceiver, SlabSender } from '../serialize/slabs.js';
import { allocationError } from './allocation-error.js';
import { receiveBlock, referToBlock } from './shared-blocks.js';
import { trimLater } from './trimming.js';

// A record carries one 8-byte cell a slab, and must stay small against its ring.
export const maxSlabsPerMessage = 256;

/** Makes slabs for one message at a time; `count` is reset by the writer of the message. */
export class ArenaSlabs implements SlabSender {
  readonly #addon: Addon;
  #inMessage = 0;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  beginMessage(): void {
    this.#inMessage = 0;
  }

  /** The cell of a copy, or -1 where the message has enough slabs already: the encoder then inlines. */
  share(bytes: Uint8Array): number {
    if (this.#inMessage >= maxSlabsPerMessage) return -1;
    const cell = this.shareAlways(bytes);
    this.#inMessage++;
    return cell;
  }

  /** The same without a limit of number: for the encoded payload itself. Throws `ResourceError` when memory is out. */
  shareAlways(bytes: Uint8Array): number {
    const cell = this.#addon.share(bytes);
    trimLater(this.#addon);
    if (cell >= 0) return cell;
    throw allocationError(this.#addon.constants, cell, bytes.byteLength);
  }

  refer(block: SharedBlock): number {
    if (this.#inMessage >= maxSlabsPerMessage) return -1;
    const cell = referToBlock(this.#addon, block);
    this.#inMessage++;
    return cell;
  }

  drop(cell: number): void {
    this.#addon.release(cell);
  }

  /** Memory came from another environment: once it is free again, it may be nobody's but ours to give back. */
  noteReceived(): void {
    trimLater(this.#addon);
  }
}

/** The slabs of the record that a ring's reader stands at. */
export class RecordSlabs implements SlabReceiver {
  readonly #addon: Addon;
  readonly #arena: ArenaSlabs;
  readonly #ring: number;
  #position = 0;

  constructor(addon: Addon, arena: ArenaSlabs, ring: number) {
    this.#addon = addon;
    this.#arena = arena;
    this.#ring = ring;
  }

  at(position: number): this {
    this.#position = position;
    return this;
  }

  take(index: number): ArrayBuffer {
    this.#arena.noteReceived();
    return this.#addon.receive(this.#ring, this.#position, index);
  }

  takeShared(index: number): SharedBlock {
    let cell: number;
    try {
      cell = this.#addon.take(this.#ring, this.#position, index);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOBUFS') throw error;
      throw allocationError(this.#addon.constants, this.#addon.constants.ledgerFull, 0);
    }
    return receiveBlock(this.#addon, cell);
  }

  /** The cell of the slab, which is this environment's from now on. */
  detach(index: number): number {
    return this.#addon.take(this.#ring, this.#position, index);
  }

  /** The slab without taking it: valid until `drop`. */
  borrow(index: number): ArrayBuffer {
    return this.#addon.borrow(this.#ring, this.#position, index);
  }

  drop(index: number): void {
    this.#addon.drop(this.#ring, this.#position, index);
  }
}
