// Writes arrays: as one block when they hold numbers only, else value by value; sparse ones by their keys.
// Typed arrays are in encode-binary.ts.
import { inspect } from 'node:util';
import { isDeferred } from './encode-object.js';
import { writeString } from './encode-primitive.js';
import type { EncodeState } from './encode-state.js';
import { NumberScratch } from './number-scratch.js';
import { kMinSparseLength, Tag } from './wire-format.js';

const kMinBlockLength = 8;
const kMaxHoles = 1024;
const isOwn = Object.prototype.hasOwnProperty;

export function writeArray(state: EncodeState, array: unknown[]): void {
  if (!state.enter(array) || isDeferred(state, Tag.Array, array)) return;
  state.depth++;
  writeArrayBody(state, array);
  state.depth--;
}

/** The tag and the content, without identity. */
export function writeArrayBody(state: EncodeState, array: unknown[]): void {
  if (array.length >= kMinBlockLength && typeof array[0] === 'number' && writeNumbers(state, array)) return;
  const mark = array.length >= kMinSparseLength ? state.mark() : undefined;
  if (writeDense(state, array)) return;
  if (mark !== undefined) state.rollBack(mark);
  writeSparse(state, array);
}

// False, with nothing written, when there is anything but numbers, or a named property.
function writeNumbers(state: EncodeState, array: unknown[]): boolean {
  const length = array.length;
  const scratch = NumberScratch.ofLength(length);
  let count = scratch.takeIntegers(array, length);
  const isInteger = count === length;
  if (!isInteger) {
    count = scratch.takeFloats(array, length, count);
    if (count < length) return false;
  }
  const maxValuesLength = isInteger ? kMaxValuesLength : kMaxDoublesLength;
  if (array !== state.list && hasNamedProperties(array, length, maxValuesLength)) return false;
  state.writeByte(isInteger ? Tag.Int32Array : Tag.Float64Array);
  state.writeLength(length);
  state.writeBytes(scratch.bytes(isInteger ? length * 4 : length * 8));
  return true;
}

// False, with a part written, when there are so many holes that only the keys should be sent.
function writeDense(state: EncodeState, array: unknown[]): boolean {
  const length = array.length;
  let holes = 0;
  state.writeByte(Tag.Array);
  state.writeLength(length);
  for (let i = 0; i < length; i++) {
    const value = array[i];
    if (value === undefined && !isOwn.call(array, i)) {
      state.writeByte(Tag.Hole);
      if (++holes > kMaxHoles && length >= kMinSparseLength) return false;
    } else {
      state.writeValue(state, value);
    }
  }
  if (array !== state.list && (holes > 0 || hasNamedProperties(array, length, kMaxValuesLength)))
    writeNamed(state, array);
  state.writeByte(Tag.End);
  return true;
}

function writeSparse(state: EncodeState, array: unknown[]): void {
  state.writeByte(Tag.SparseArray);
  state.writeLength(array.length);
  for (const key of Object.keys(array)) {
    writeString(state, key);
    state.writeValue(state, array[key as unknown as number]);
  }
  state.writeByte(Tag.End);
}

function writeNamed(state: EncodeState, array: unknown[]): void {
  for (const key of Object.keys(array)) {
    if (isArrayIndex(key)) continue;
    writeString(state, key);
    state.writeValue(state, array[key as unknown as number]);
  }
}

// Nothing in the language tells named properties from elements without listing both. Object.values lists without making
// a string of every index, and beyond some hundreds of elements (dozens, if each number needs a box) it is cheaper to have
// util.inspect look, which skips the elements. Whatever it says beyond the expected leads to the exact way.
const kMaxValuesLength = 300;
const kMaxDoublesLength = 64;

const lookAtNamesOnly = {
  showHidden: false,
  depth: 0,
  colors: false,
  customInspect: false,
  showProxy: false,
  maxArrayLength: 0,
  breakLength: Number.POSITIVE_INFINITY,
  compact: 3,
  sorted: false,
  getters: false,
  numericSeparator: false,
} as const;

function hasNamedProperties(array: unknown[], length: number, maxValuesLength: number): boolean {
  if (length === 0) {
    for (const _ in array) return true;
    return false;
  }
  if (length <= maxValuesLength) return Object.values(array).length !== length;
  if (inspect(array, lookAtNamesOnly) === `[ ... ${length} more items ]`) return false;
  return Object.keys(array).length !== length;
}

function isArrayIndex(key: string): boolean {
  const index = Number(key) >>> 0;
  return index !== 0xffffffff && String(index) === key;
}
