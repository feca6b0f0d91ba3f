// SharedArray: a typed array whose memory all processes of the family see. Python: multiprocessing.RawArray.
// How its memory travels in messages is memory/shared-blocks.ts.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { allocateBlock } from '../memory/shared-blocks.js';
import type { WireExtension } from '../serialize/registry.js';
import { SharedBlock } from '../serialize/slabs.js';
import { nearestNames } from '../util/nearest-names.js';
import {
  knownCodes,
  type TypeCode,
  type TypedArrayOf,
  type TypeName,
  typedArrayOf,
  typeNameOf,
  typeNames,
} from './type-codes.js';

type Element<Code extends TypeCode> = TypedArrayOf<Code> extends { [n: number]: infer E } ? E : never;

/** Instances are typed arrays of the type's kind: index, iterate, give them to any library. */
export type SharedArray<Code extends TypeCode = TypeCode> = TypedArrayOf<Code> & {
  /** Sets an element; throws a `RangeError` beyond the ends, where plain indexing does nothing. Negative: from the end. */
  put(index: number, value: Element<Code>): void;
};

interface SharedArrayConstructor {
  /**
   * An array of `length` zeros, or of these values, in memory that every process sees to which it is sent. It is sent by
   * reference, in arguments, results and inside of objects. `map`, `filter`, `slice` give private copies. Throws
   * `ResourceError` when shared memory is used up.
   */
  new <Code extends TypeCode>(
    type: Code,
    lengthOrValues: number | Iterable<Element<Code>>,
  ): SharedArray<Code>;
  readonly prototype: SharedArray;
}

const method = 'new SharedArray';

type Kind = ReturnType<typeof makeKind>;
const kinds = new Map<TypeName, Kind>(typeNames.map((name) => [name, makeKind(name)]));
const nameOfPrototype = new Map<unknown, TypeName>([...kinds].map(([name, kind]) => [kind.prototype, name]));

// A buffer keeps its block, by which one more reference to the memory can be made.
const blocks = new WeakMap<ArrayBuffer, SharedBlock>();

// `new SharedArray('d', n)` is a Float64Array: so the constructor returns an object of another class.
export const SharedArray = class SharedArray {
  constructor(type: TypeCode, lengthOrValues: number | Iterable<number | bigint>) {
    const name = typeNameOf(type);
    if (name === undefined) throw unknownType(type);
    const values = typeof lengthOrValues === 'number' ? undefined : valuesOf(lengthOrValues);
    const length = values?.length ?? checkLength(lengthOrValues as number);
    const block = allocateBlock(length * typedArrayOf(name).BYTES_PER_ELEMENT);
    const array = makeArray(name, block, { length, offset: 0 });
    if (values !== undefined) array.set(values as never);
    // biome-ignore lint/correctness/noConstructorReturn: see above
    return array as unknown as SharedArray;
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return isSharedArray(value);
  }
} as unknown as SharedArrayConstructor;

/** What a shared array is on the wire; registered by reducers.ts. */
export const sharedArrayExtension: WireExtension<ArrayBufferView<ArrayBuffer>> = {
  tag: 'forkyard.shared-array',
  matches: isSharedArray,
  encode(array) {
    const type = nameOfPrototype.get(Object.getPrototypeOf(array)) as TypeName;
    const length = array.byteLength / typedArrayOf(type).BYTES_PER_ELEMENT;
    return { type, length, offset: array.byteOffset, block: blocks.get(array.buffer) };
  },
  decode(plain) {
    const { type, length, offset, block } = plain as Wire;
    if (!(block instanceof SharedBlock) || !kinds.has(type)) throw new TypeError('a shared array is damaged');
    return makeArray(type, block, { length, offset });
  },
};

interface Wire {
  readonly type: TypeName;
  readonly length: number;
  /** In bytes. */
  readonly offset: number;
  readonly block: SharedBlock;
}

function makeArray(name: TypeName, block: SharedBlock, part: { length: number; offset: number }) {
  blocks.set(block.buffer, block);
  return new (kinds.get(name) as Kind)(block.buffer, part.offset, part.length);
}

// Its class alone does not make it one: `new array.constructor(5)` has memory of its own.
function isSharedArray(value: unknown): value is ArrayBufferView<ArrayBuffer> {
  // No view is a Proxy, which might throw from any question.
  return (
    ArrayBuffer.isView(value) &&
    nameOfPrototype.has(Object.getPrototypeOf(value)) &&
    blocks.has(value.buffer as ArrayBuffer)
  );
}

function makeKind(name: TypeName) {
  const Plain = typedArrayOf(name) as unknown as Float64ArrayConstructor;
  return class SharedArray extends Plain {
    // What is made of it is private.
    static get [Symbol.species](): Float64ArrayConstructor {
      return Plain;
    }

    override at(index: number): number {
      return this[placeOf('SharedArray.at', index, this.length)] as number;
    }

    put(index: number, value: number): void {
      this[placeOf('SharedArray.put', index, this.length)] = value;
    }
  };
}

function placeOf(called: string, index: number, length: number): number {
  if (typeof index !== 'number') throw argumentTypeError(called, 'index', 'a number', index);
  const place = index < 0 ? index + length : index;
  if (Number.isInteger(place) && place >= 0 && place < length) return place;
  throw argumentRangeError(called, 'index', `an integer from ${-length} to ${length - 1}`, index);
}

function valuesOf(values: unknown): ArrayLike<unknown> {
  if (typeof values !== 'object' || values === null || !(Symbol.iterator in values)) {
    throw argumentTypeError(method, 'lengthOrValues', 'a number or an iterable of values', values);
  }
  const list = ArrayBuffer.isView(values)
    ? (values as unknown as ArrayLike<unknown>)
    : [...(values as Iterable<unknown>)];
  checkLength(list.length);
  return list;
}

function checkLength(length: number): number {
  if (Number.isSafeInteger(length) && length >= 1) return length;
  throw argumentRangeError(method, 'length', 'an integer of at least 1', length);
}

function unknownType(type: unknown): TypeError {
  const [nearest] = typeof type === 'string' ? nearestNames(type, knownCodes, 1) : [];
  const hint = nearest === undefined ? '' : ` (perhaps '${nearest}')`;
  return argumentTypeError(method, 'type', `one of ${knownCodes.join(', ')}${hint}`, type);
}
