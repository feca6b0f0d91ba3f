// Reads arrays of the four forms that encode-array.ts writes.
// Each reader fills a given array, which then has its identity already, or makes one.
import { makeSlow, readOwnFields } from './decode-object.js';
import type { DecodeState } from './decode-state.js';
import { NumberScratch } from './number-scratch.js';
import { kMinSparseLength, Tag } from './wire-format.js';

// An array that is made by push is never holey, which all later work on it gains from; a long one would be moved too often.
const kPushLength = 64;

export function readArray(state: DecodeState, given: unknown[] | undefined): unknown[] {
  const length = state.readLength();
  state.claimElements(length);
  const array = given ?? state.keep(newArray(length));
  state.descend();
  let isHoley = false;
  for (let i = 0; i < length; i++) {
    if (state.position < state.end && state.bytes[state.position] === Tag.Hole) {
      state.position++;
      isHoley = true;
    } else {
      array[i] = state.readValue(state);
    }
  }
  if (isHoley) array.length = length;
  readOwnFields(state, array);
  state.depth--;
  return array;
}

export function readNumbers(state: DecodeState, tag: number, given: unknown[] | undefined): unknown[] {
  const length = state.readLength();
  const isInteger = tag === Tag.Int32Array;
  const size = isInteger ? length * 4 : length * 8;
  const start = state.claimBytes(size);
  const source = state.bytes.subarray(start, start + size);
  const scratch = NumberScratch.ofLength(length);
  const array = given ?? state.keep(newArray(length));
  if (isInteger) scratch.integersInto(source, length, array);
  else scratch.floatsInto(source, length, array);
  return array;
}

export function readSparseArray(state: DecodeState, array: unknown[]): unknown[] {
  const length = state.readLength();
  if (length < kMinSparseLength || length > 0xffffffff)
    throw state.corrupt('the length of an array is out of range');
  makeSlow(array);
  array.length = length;
  state.descend();
  readOwnFields(state, array);
  state.depth--;
  return array;
}

function newArray(length: number): unknown[] {
  return length > kPushLength ? new Array(length) : [];
}
