// What shared objects have in common that are no typed arrays: the place in shared memory where they lie.
import type { Place } from '../memory/pieces.js';

/** Of structs the fields are members, so all that is theirs by nature is private. */
export abstract class Placed {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** @internal Not by its prototype, which others may have as well. */
  static isOne(object: object): object is Placed {
    return #place in object;
  }

  /** @internal */
  static placeOf(object: Placed): Place {
    return object.#place;
  }
}

/** The memory itself. */
export function bytesAt({ block, offset }: Place, bytes: number): Uint8Array {
  return new Uint8Array(block.buffer, offset, bytes);
}

/** So many bytes further on. */
export function placeAfter({ block, offset }: Place, bytes: number): Place {
  return { block, offset: offset + bytes };
}
