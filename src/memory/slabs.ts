// Copies of large payloads in the arena, on their way into a message (SlabSender) and out of one (SlabReceiver).
// When a payload is large enough is the encoder's decision; how references survive a death is native/memory/README.md.
import { ResourceError } from '../errors.js';
import type { Addon, AddonConstants } from '../native/contract.js';
import type { SlabReceiver, SlabSender } from '../serialize/slabs.js';

// A record carries one 8-byte cell a slab, and must stay small against its ring.
export const maxSlabsPerMessage = 256;
// Freed slabs are kept for reuse (fresh pages cost ten times a copy) and given back after idling so long.
const trimAfterMs = 1000;

/** Makes slabs for one message at a time; `count` is reset by the writer of the message. */
export class ArenaSlabs implements SlabSender {
  readonly #addon: Addon;
  #inMessage = 0;
  #trimTimer: NodeJS.Timeout | undefined;

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
    this.#trimLater();
    if (cell >= 0) return cell;
    throw allocationError(this.#addon.constants, cell, bytes.byteLength);
  }

  drop(cell: number): void {
    this.#addon.release(cell);
  }

  // One timer for any number of slabs; none while nothing is shared, so an idle program has no wake-ups.
  #trimLater(): void {
    if (this.#trimTimer !== undefined) {
      this.#trimTimer.refresh();
      return;
    }
    this.#trimTimer = setTimeout(() => {
      this.#trimTimer = undefined;
      this.#addon.trim();
    }, trimAfterMs);
    this.#trimTimer.unref();
  }
}

/** The slabs of the record that a ring's reader stands at. */
export class RecordSlabs implements SlabReceiver {
  readonly #addon: Addon;
  readonly #ring: number;
  #position = 0;

  constructor(addon: Addon, ring: number) {
    this.#addon = addon;
    this.#ring = ring;
  }

  at(position: number): this {
    this.#position = position;
    return this;
  }

  take(index: number): ArrayBuffer {
    return this.#addon.receive(this.#ring, this.#position, index);
  }

  /** The slab without taking it: valid until `drop`. */
  borrow(index: number): ArrayBuffer {
    return this.#addon.borrow(this.#ring, this.#position, index);
  }

  drop(index: number): void {
    this.#addon.drop(this.#ring, this.#position, index);
  }
}

/** What a negative result of an allocation means. */
export function allocationError(constants: AddonConstants, failure: number, bytes: number): Error {
  const wanted = `${bytes} bytes of shared memory could not be had: `;
  switch (failure) {
    case constants.quotaExhausted:
      return new ResourceError(
        `${wanted}the family's quota is used up. Raise it with setMemoryLimit(), or send less at a time.`,
        { code: 'ERR_FORKYARD_QUOTA_EXCEEDED', syscall: 'allocate' },
      );
    case constants.ledgerFull:
      return new ResourceError(`${wanted}this environment holds too many shared buffers already.`, {
        code: 'ERR_FORKYARD_LEDGER_FULL',
        syscall: 'allocate',
      });
    default:
      return new ResourceError(`${wanted}the arena has no free range of that length.`, {
        code: 'ERR_FORKYARD_ARENA_EXHAUSTED',
        syscall: 'allocate',
      });
  }
}
