// What a scalar of each type takes, and how it is read and written: never wrapped, never torn. Integers by atomics, so that
// a loop that waits for another process sees its change, and what was written before it; floating numbers by plain accesses
// of their size, which the processors that Node runs on do at once.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import type { SharedBlock } from '../serialize/slabs.js';
import { onDemand } from './on-demand.js';
import { type AnyTypedArray, type TypeName, typedArrayOf } from './type-codes.js';

/** A number; a `bigint` of the 64-bit integer types; a string of one character, or one byte, of `char`. */
export type ScalarInput = number | bigint | string | Uint8Array;

export interface Scalar {
  readonly name: TypeName;
  /** Completes the words "must be". */
  readonly expected: string;
  /** What `typeof` gives of what it takes. */
  readonly kind: 'number' | 'bigint' | 'string';
  readonly isInteger: boolean;
  accepts(value: unknown): boolean;
  read(cells: AnyTypedArray, index: number): unknown;
  /** Only of what it accepts. */
  write(cells: AnyTypedArray, index: number, value: unknown): void;
}

/** The integers of a type. */
export interface Limits {
  readonly least: number | bigint;
  readonly most: number | bigint;
}

const limitsByName = {
  int8: { least: -128, most: 127 },
  uint8: { least: 0, most: 255 },
  int16: { least: -32_768, most: 32_767 },
  uint16: { least: 0, most: 65_535 },
  int32: { least: -(2 ** 31), most: 2 ** 31 - 1 },
  uint32: { least: 0, most: 2 ** 32 - 1 },
  int64: { least: -(2n ** 63n), most: 2n ** 63n - 1n },
  uint64: { least: 0n, most: 2n ** 64n - 1n },
} as const;

export const scalarOf = onDemand(makeScalar);

/** Undefined if it has no limits of its own: it is no integer. */
export function limitsOf(name: TypeName): Limits | undefined {
  return Object.hasOwn(limitsByName, name) ? limitsByName[name as keyof typeof limitsByName] : undefined;
}

/** Why that type does not take it. */
export function scalarError(method: string, label: string, scalar: Scalar, value: unknown): Error {
  const isOfItsKind =
    typeof value === scalar.kind || (scalar.kind === 'string' && value instanceof Uint8Array);
  const toError = isOfItsKind ? argumentRangeError : argumentTypeError;
  return toError(method, label, scalar.expected, value);
}

// The arrays over a block are made once: small values share a block.
const cellsByBuffer = new WeakMap<ArrayBuffer, Map<TypeName, AnyTypedArray>>();

/** The whole block as elements of that type. */
export function cellsOf({ buffer }: SharedBlock, name: TypeName): AnyTypedArray {
  let byName = cellsByBuffer.get(buffer);
  if (byName === undefined) {
    byName = new Map();
    cellsByBuffer.set(buffer, byName);
  }
  let cells = byName.get(name);
  if (cells === undefined) {
    const Cells = typedArrayOf(name);
    cells = new Cells(buffer, 0, Math.floor(buffer.byteLength / Cells.BYTES_PER_ELEMENT));
    byName.set(name, cells);
  }
  return cells;
}

// Functions of its own for each type: V8 compiles what is used with one type of cells for that type.
function makeScalar(name: TypeName): Scalar {
  const limits = limitsOf(name);
  if (limits !== undefined) return makeInteger(name, limits);
  return name === 'char' ? makeCharacter() : makeFloat(name);
}

function makeInteger(name: TypeName, { least, most }: Limits): Scalar {
  const kind = typeof least as 'number' | 'bigint';
  const article = kind === 'bigint' ? 'a BigInt (such as 5n)' : 'an integer';
  return {
    name,
    expected: `${article} from ${least} to ${most}, as '${name}' is`,
    kind,
    isInteger: true,
    accepts:
      kind === 'bigint'
        ? (value) => typeof value === 'bigint' && value >= least && value <= most
        : (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
    read: (cells, index) => Atomics.load(cells as Int32Array, index),
    write: (cells, index, value) => {
      Atomics.store(cells as Int32Array, index, value as number);
    },
  };
}

function makeFloat(name: TypeName): Scalar {
  const isDouble = name === 'float64';
  return {
    name,
    expected: isDouble ? "a number, as 'float64' is" : "a number within the range of 'float32'",
    kind: 'number',
    isInteger: false,
    accepts: isDouble
      ? (value) => typeof value === 'number'
      : // A number that is none too large becomes none that is: Infinity for 1e39 would be wrong in silence.
        (value) =>
          typeof value === 'number' && (Number.isFinite(Math.fround(value)) || !Number.isFinite(value)),
    read: (cells, index) => cells[index],
    write: (cells, index, value) => {
      cells[index] = value as number;
    },
  };
}

function makeCharacter(): Scalar {
  return {
    name: 'char',
    expected: "a string of one character up to U+00FF, or a Uint8Array of one byte, as 'char' is",
    kind: 'string',
    isInteger: false,
    accepts: (value) =>
      typeof value === 'string'
        ? value.length === 1 && value.charCodeAt(0) <= 0xff
        : value instanceof Uint8Array && value.length === 1,
    read: (cells, index) => String.fromCharCode(cells[index] as number),
    write: (cells, index, value) => {
      cells[index] = typeof value === 'string' ? value.charCodeAt(0) : (value as Uint8Array)[0];
    },
  };
}
