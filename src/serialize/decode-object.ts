// Reads (key value)* End into an object: as own properties, whatever the keys are called.
// Plain objects, registered classes and the named properties of arrays use it.
import { hashOf, isSame, readString } from './decode-primitive.js';
import type { DecodeState } from './decode-state.js';
import { kShortString, kShortStringMax, Tag } from './wire-format.js';

// Names of fields, as V8 keeps them (internalized), so that using one needs no look-up in V8's own table. Only names that
// may be assigned without a second thought are here: none that Object.prototype has, no index.
const kCacheSlots = 1024;
const kCachedMax = 32;
const knownNames: string[] = new Array(kCacheSlots).fill('');

/** What a name takes that is no usual one, and its place in a table. */
const kFieldBytes = 96;

/** The fields of a plain object that has its identity already. */
export function readObject(state: DecodeState, object: object): object {
  state.descend();
  readFields(state, object);
  state.depth--;
  return object;
}

function readFields(state: DecodeState, target: object): void {
  const fields = target as Record<string, unknown>;
  const bytes = state.bytes;
  let indexCount = 0;
  for (;;) {
    const tag = state.readByte();
    if (tag === Tag.End) return;
    const length = tag - kShortString;
    const start = state.position;
    let slot = -1;
    if (length > 0 && length <= kCachedMax && length <= state.end - start) {
      slot = hashOf(bytes, start, length) & (kCacheSlots - 1);
      const name = knownNames[slot];
      if (isSame(name, bytes, start, length)) {
        state.position = start + length;
        fields[name] = state.readValue(state);
        continue;
      }
    }
    const key = readKey(state, tag);
    state.claimHeap(kFieldBytes);
    const index = arrayIndexOf(key);
    if (key in Object.prototype) defineField(fields, key, state.readValue(state));
    else if (index >= 0) setElement(fields, index, indexCount++, state.readValue(state));
    else fields[slot < 0 ? key : remember(key, slot)] = state.readValue(state);
  }
}

/** As `readFields`, for objects whose prototype may have setters of those names. */
export function readOwnFields(state: DecodeState, target: object): void {
  let indexCount = 0;
  for (let tag = state.readByte(); tag !== Tag.End; tag = state.readByte()) {
    const key = readKey(state, tag);
    state.claimHeap(kFieldBytes);
    const index = arrayIndexOf(key);
    if (index >= 0) {
      if (!Array.isArray(target)) keepSparse(target, index, indexCount++);
      else if (index >= target.length) throw state.corrupt('an array holds more than its length');
    }
    defineField(target, key, state.readValue(state));
  }
}

/** Sets an own property, never one of the prototype's. */
export function defineField(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

// An element far beyond the others would make V8 allocate all that lies between. In a dictionary it takes its own room only.
const kFreeIndexes = 64;
const kMaxSpread = 16;
const kFarIndex = 2 ** 28;

/** Makes V8 keep the elements of an object in a dictionary, until it finds them dense. */
export function makeSlow(target: object): void {
  if (Object.hasOwn(target, kFarIndex)) return;
  const elements = target as Record<number, unknown>;
  elements[kFarIndex] = 0;
  delete elements[kFarIndex];
}

function setElement(target: object, index: number, known: number, value: unknown): void {
  keepSparse(target, index, known);
  (target as Record<number, unknown>)[index] = value;
}

function keepSparse(target: object, index: number, known: number): void {
  if (index > kFreeIndexes + kMaxSpread * known) makeSlow(target);
}

/** The name of a field, whose tag was read. */
export function readKey(state: DecodeState, tag: number): string {
  const isString =
    (tag >= kShortString && tag <= kShortString + kShortStringMax) || tag === Tag.Latin1 || tag === Tag.Utf16;
  if (!isString) throw state.corrupt('the name of a field is missing');
  state.position--;
  return readString(state);
}

function remember(key: string, slot: number): string {
  const name = Object.keys({ [key]: 0 })[0];
  knownNames[slot] = name;
  return name;
}

/** The array index that a key is, or -1. */
export function arrayIndexOf(key: string): number {
  const first = key.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39) || key.length > 10) return -1;
  const index = Number(key);
  return String(index) === key && index < 0xffffffff ? index : -1;
}
