// Copies of large payloads in the arena, on their way into a message (SlabSender) and out of one (SlabReceiver).
// When a payload is large enough is the encoder's decision; how references survive a death is native/memory/README.md.
import { ResourceError } from '../errors.js';
import type { Addon, AddonConstants } from '../native/contract.js';
import type { SlabReceiver, SlabSender } from '../serialize/slabs.js';

// A record carries one 8-byte cell a slab, and must stay small against its ring.
export const maxSlabsPerMessage = 256;
// Freed slabs are kept for reuse (fresh pages cost ten times a copy) and given back after idling so long. What others
// still hold by then is looked at twice more, and then when something is shared again: an idle program stays idle.
const trimAfterMs = [1000, 4000, 16_000];

/** Makes slabs for one message at a time; `count` is reset by the writer of the message. */
export class ArenaSlabs implements SlabSender {
  readonly #addon: Addon;
  #inMessage = 0;
  #trimTimer: NodeJS.Timeout | undefined;
  #trimmed = 0;

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

  /** Memory came from another environment: once it is free again, it may be nobody's but ours to give back. */
  noteReceived(): void {
    this.#trimLater();
  }

  // One timer for any number of slabs; none while nothing is shared.
  #trimLater(): void {
    if (this.#trimTimer !== undefined && this.#trimmed === 0) {
      this.#trimTimer.refresh();
      return;
    }
    clearTimeout(this.#trimTimer);
    this.#trimmed = 0;
    this.#startTrimTimer();
  }

  #startTrimTimer(): void {
    const delayMs = trimAfterMs[this.#trimmed];
    this.#trimTimer = undefined;
    if (delayMs === undefined) return;
    this.#trimTimer = setTimeout(() => {
      this.#addon.trim();
      this.#trimmed++;
      this.#startTrimTimer();
    }, delayMs);
    this.#trimTimer.unref();
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
