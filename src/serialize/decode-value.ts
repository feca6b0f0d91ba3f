// The way from a tag to the function that reads what follows. The common kinds first.
// Everything else is in decode-special.ts.
import { readArray, readNumbers, readSparseArray } from './decode-array.js';
import { readObject } from './decode-object.js';
import { readFloat64, readInt32, readLatin1, readUtf16 } from './decode-primitive.js';
import { readMap, readSet, readSpecial } from './decode-special.js';
import type { DecodeState } from './decode-state.js';
import { kShortString, kSmallInteger, kSmallIntegerMax, Tag } from './wire-format.js';

export function readValue(state: DecodeState): unknown {
  const tag = state.readByte();
  if (tag >= kSmallInteger) return tag & kSmallIntegerMax;
  if (tag >= kShortString) return readLatin1(state, tag - kShortString);
  switch (tag) {
    case Tag.Undefined:
      return undefined;
    case Tag.Null:
      return null;
    case Tag.False:
      return false;
    case Tag.True:
      return true;
    case Tag.Int32:
      return readInt32(state);
    case Tag.Float64:
      return readFloat64(state);
    case Tag.Latin1:
      return readLatin1(state, state.readLength());
    case Tag.Utf16:
      return readUtf16(state, state.readLength());
    case Tag.Object:
      return readObject(state, state.keep({}));
    case Tag.Array:
      return readArray(state, undefined);
    case Tag.Int32Array:
    case Tag.Float64Array:
      return readNumbers(state, tag, undefined);
    case Tag.Reference:
      return state.referred(state.readLength());
    case Tag.SparseArray:
      return readSparseArray(state, state.keep([]));
    case Tag.Map:
      return readMap(state, state.keep(new Map()));
    case Tag.Set:
      return readSet(state, state.keep(new Set()));
    case Tag.Deferred:
      return readDeferredShell(state);
    default:
      return readSpecial(state, tag);
  }
}

/** Reads the bodies of the containers deferred from the n-th on, and of those that they hold, in order. */
export function readDeferred(state: DecodeState, from: number): void {
  const { deferred } = state;
  for (let i = from; i < deferred.length; i++) {
    const { tag, container } = deferred[i];
    const bodyTag = state.readByte();
    if (tag === Tag.Array) readDeferredArray(state, bodyTag, container as unknown[]);
    else if (tag !== bodyTag) throw state.corrupt('the content of a container is missing');
    else if (tag === Tag.Map) readMap(state, container as Map<unknown, unknown>);
    else if (tag === Tag.Set) readSet(state, container as Set<unknown>);
    else readObject(state, container);
  }
  deferred.length = from;
}

function readDeferredShell(state: DecodeState): object {
  const tag = state.readByte();
  const container = shellOf(tag);
  if (container === undefined) throw state.corrupt('a kind of container is unknown');
  state.keep(container);
  state.deferred.push({ tag, container });
  return container;
}

function shellOf(tag: number): object | undefined {
  if (tag === Tag.Object) return {};
  if (tag === Tag.Array) return [];
  if (tag === Tag.Map) return new Map();
  return tag === Tag.Set ? new Set() : undefined;
}

function readDeferredArray(state: DecodeState, bodyTag: number, array: unknown[]): void {
  if (bodyTag === Tag.Array) readArray(state, array);
  else if (bodyTag === Tag.SparseArray) readSparseArray(state, array);
  else if (bodyTag === Tag.Int32Array || bodyTag === Tag.Float64Array) readNumbers(state, bodyTag, array);
  else throw state.corrupt('the content of an array is missing');
}
