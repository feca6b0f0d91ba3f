// A message whose record has given its room back, to be decoded later. What is decoded at once is ring-reader.ts.
import { receiveBlock } from '../memory/shared-blocks.js';
import type { Addon } from '../native/contract.js';
import { Decoder } from '../serialize/decoder.js';
import type { SharedBlock, SlabReceiver } from '../serialize/slabs.js';

export class DetachedMessage implements SlabReceiver {
  readonly #addon: Addon;
  readonly #payload: Uint8Array | undefined;
  readonly #cells: number[];

  /** `payload`: undefined if it is in the slab of the last cell. The cells are this object's. */
  constructor(addon: Addon, payload: Uint8Array | undefined, cells: number[]) {
    this.#addon = addon;
    this.#payload = payload;
    this.#cells = cells;
  }

  /** Once. Its slabs now belong to the buffers of the value; those that nobody took are released. */
  decode(): unknown {
    const payload = this.#payload ?? new Uint8Array(this.#addon.borrowCell(this.#cells.at(-1) as number));
    try {
      return new Decoder({ slabs: this }).decode(payload, 0, payload.length);
    } finally {
      for (const cell of this.#cells.splice(0)) if (cell >= 0) this.#addon.release(cell);
    }
  }

  take(index: number): ArrayBuffer {
    return this.#addon.receiveCell(this.#use(index), false);
  }

  takeShared(index: number): SharedBlock {
    return receiveBlock(this.#addon, this.#use(index));
  }

  #use(index: number): number {
    const cell = this.#cells[index] ?? -1;
    this.#cells[index] = -1;
    return cell;
  }
}
