// The classes of arrays of scalars in shared memory: typed arrays, one for each type. Their public faces are
// shared-array.ts; arrays of structs are struct-array.ts.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import type { Place } from '../memory/pieces.js';
import type { SharedBlock } from '../serialize/slabs.js';
import { onDemand } from './on-demand.js';
import { placeIn } from './place-in.js';
import { noteScalarClass } from './scalar-types.js';
import { scalarError, scalarOf } from './scalars.js';
import { bytesOfText, textOfBytes } from './text.js';
import {
  type AnyTypedArray,
  type ElementOf,
  type NameOf,
  type TypeCode,
  type TypedArrayOf,
  type TypeName,
  typedArrayOf,
} from './type-codes.js';

/** What arrays of `c` have beside their bytes. */
export interface CharacterArray {
  /** The characters up to the first NUL, each of a byte. What is set is followed by a NUL if there is room. */
  get value(): string;
  set value(text: string | Uint8Array);
  /** A copy of all the bytes. What is set may be shorter: the rest stays. */
  get raw(): Uint8Array;
  set raw(bytes: Uint8Array);
}

/** A typed array over shared memory, whose `at` and `put` check what plain indexing does not. */
export type ScalarArray<Code extends TypeCode> = TypedArrayOf<Code> & {
  /**
   * Sets an element. Throws a `RangeError` beyond the ends, where plain indexing does nothing, and for what the type does not
   * hold, where plain indexing wraps. A negative index counts from the end.
   */
  put(index: number, value: ElementOf<Code>): void;
} & (NameOf<Code> extends 'char' ? CharacterArray : unknown);

export type ScalarArrayClass = new (buffer: ArrayBuffer, offset: number, length: number) => AnyTypedArray;

export const rawArrayClass = onDemand((name: TypeName): ScalarArrayClass => {
  const made = name === 'char' ? makeCharacterArray() : makeClass(name);
  noteScalarClass(made, name);
  return made;
});

// A buffer keeps its block, by which one more reference to the memory can be made.
const blocks = new WeakMap<ArrayBufferLike, SharedBlock>();

/** An array of that class there. */
export function makeArrayAt<Made>(
  ArrayClass: new (buffer: ArrayBuffer, offset: number, length: number) => Made,
  { block, offset }: Place,
  length: number,
): Made {
  blocks.set(block.buffer, block);
  return new ArrayClass(block.buffer, offset, length);
}

/** Undefined for an array that is in no shared memory, whatever its class: `new array.constructor(5)`. */
export function placeOfArray(array: ArrayBufferView): Place | undefined {
  const block = blocks.get(array.buffer);
  return block === undefined ? undefined : { block, offset: array.byteOffset };
}

function makeClass(name: TypeName) {
  const Plain = typedArrayOf(name) as unknown as Float64ArrayConstructor;
  // What it holds is read and written as typed arrays do: `char` as the byte that it is.
  const scalar = scalarOf(name === 'char' ? 'uint8' : name);
  return class RawArray extends Plain {
    // What is made of it is private.
    static get [Symbol.species](): Float64ArrayConstructor {
      return Plain;
    }

    override at(index: number): number {
      return this[placeIn('SharedArray.at', index, this.length)] as number;
    }

    put(index: number, value: number): void {
      const place = placeIn('SharedArray.put', index, this.length);
      if (!scalar.accepts(value)) throw scalarError('SharedArray.put', 'value', scalar, value);
      this[place] = value;
    }
  } as unknown as ScalarArrayClass;
}

function makeCharacterArray(): ScalarArrayClass {
  const Bytes = makeClass('char') as unknown as new (
    buffer: ArrayBuffer,
    offset: number,
    length: number,
  ) => Uint8Array;
  return class RawArray extends Bytes {
    get value(): string {
      return textOfBytes(this);
    }

    set value(text: string | Uint8Array) {
      const bytes = bytesOfText('SharedArray.value', 'value', text, this.length);
      this.set(bytes);
      if (bytes.length < this.length) this[bytes.length] = 0;
    }

    get raw(): Uint8Array {
      return new Uint8Array(this);
    }

    set raw(bytes: Uint8Array) {
      if (!(bytes instanceof Uint8Array))
        throw argumentTypeError('SharedArray.raw', 'raw', 'a Uint8Array', bytes);
      if (bytes.length > this.length)
        throw argumentRangeError('SharedArray.raw', 'raw', `at most ${this.length} bytes long`, bytes.length);
      this.set(bytes);
    }
  } as unknown as ScalarArrayClass;
}
