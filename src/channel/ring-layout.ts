// The words of a ring as JavaScript sees them: its buffer without the block header. The layout is native/shared/layout.h.
import { ForkyardError } from '../errors.js';
import type { Addon, AddonConstants } from '../native/contract.js';

/** Type bit of a record whose payload is a slab (its last one) and not in the ring. */
export const payloadInSlab = 0x100;
/** Payloads up to this many bytes travel in the ring itself. */
export const inlineBytes = 16384;

/** One mapped ring. */
export interface RingView {
  readonly block: number;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly constants: AddonConstants;
  /** Byte of the buffer at which the data begin. */
  readonly dataOffset: number;
  readonly capacity: number;
}

export function viewRing(addon: Addon, block: number): RingView {
  const buffer = addon.ringBuffer(block);
  const dataOffset = addon.constants.ringData * 4;
  return {
    block,
    words: new Int32Array(buffer),
    bytes: new Uint8Array(buffer),
    constants: addon.constants,
    dataOffset,
    capacity: buffer.byteLength - dataOffset,
  };
}

/** Bytes of a record: header, payload padded to 8, one cell a slab. */
export function recordBytes(constants: AddonConstants, payloadBytes: number, cells: number): number {
  return constants.recordHeaderWords * 4 + ((payloadBytes + 7) & ~7) + cells * 8;
}

/** The other side wrote what no Forkyard writes: it is broken, and nothing it says can be believed. */
export function corruptRing(what: string): ForkyardError {
  return new ForkyardError(`The other process wrote a broken message (${what}); it is treated as dead.`, {
    code: 'ERR_FORKYARD_CORRUPT_MESSAGE',
  });
}
