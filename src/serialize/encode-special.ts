// Sorts every object that is neither plain nor an array: extensions, registered classes, the language's own classes,
// errors, binary data. An instance of an unknown class is written as its fields, as structuredClone does.
import { types } from 'node:util';
import { writeArray } from './encode-array.js';
import { writeArrayBuffer, writeSharedBlock, writeView } from './encode-binary.js';
import { writeError } from './encode-error.js';
import { isDeferred, writeFields, writeObject } from './encode-object.js';
import { writeBigInt, writeFloat64, writeNumber, writeString } from './encode-primitive.js';
import { EncodeFailure, type EncodeState } from './encode-state.js';
import type { ClassEntry, WireExtension } from './registry.js';
import { SharedBlock } from './slabs.js';
import { reasonAgainst, reasonAgainstFunction } from './unsupported.js';
import { Tag } from './wire-format.js';

const { getPrototypeOf } = Object;
const mapEntries = Map.prototype.entries;
const setValues = Set.prototype.values;
const timeOf = Date.prototype.getTime;
const sourceOf = getterOf(RegExp.prototype, 'source');
const flagsOf = getterOf(RegExp.prototype, 'flags');

export function writeSpecial(state: EncodeState, value: object): void {
  if (!types.isProxy(value)) {
    const prototype: object | null = getPrototypeOf(value);
    if (builtinPrototypes.has(prototype)) return writeBuiltin(state, value);
    if (prototype === SharedBlock.prototype) return writeSharedBlock(state, value as SharedBlock);
    const entry = prototype === null ? undefined : state.registry.findClass(prototype);
    if (entry !== undefined) return writeInstance(state, value, entry);
  }
  const extension = state.registry.findExtension(value);
  if (extension !== undefined) return writeExtension(state, value, extension);
  writeBuiltin(state, value);
}

export function writeFunction(state: EncodeState, value: object): void {
  const extension = state.registry.findExtension(value);
  if (extension === undefined) throw new EncodeFailure(value, reasonAgainstFunction(value));
  writeExtension(state, value, extension);
}

/** The tag and the entries, without identity. */
export function writeMapBody(state: EncodeState, map: Map<unknown, unknown>): void {
  state.writeByte(Tag.Map);
  for (const [key, value] of mapEntries.call(map)) {
    state.writeValue(state, key);
    state.writeValue(state, value);
  }
  state.writeByte(Tag.End);
}

/** The tag and the values, without identity. */
export function writeSetBody(state: EncodeState, set: Set<unknown>): void {
  state.writeByte(Tag.Set);
  for (const value of setValues.call(set)) state.writeValue(state, value);
  state.writeByte(Tag.End);
}

// Objects of these prototypes are not offered to the registry.
const builtinPrototypes = new Set<unknown>(
  [
    Map,
    Set,
    Date,
    RegExp,
    ArrayBuffer,
    DataView,
    Buffer,
    Boolean,
    Number,
    String,
    BigInt,
    Error,
    TypeError,
    RangeError,
  ]
    .map(({ prototype }): unknown => prototype)
    .concat(
      [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array].map((c) => c.prototype),
    )
    .concat([Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array].map((c) => c.prototype)),
);

function writeBuiltin(state: EncodeState, value: object): void {
  if (types.isProxy(value)) throw new EncodeFailure(value, reasonAgainst(value) as string);
  if (ArrayBuffer.isView(value)) return writeView(state, value);
  if (types.isDate(value)) return writeDate(state, value);
  if (types.isMap(value)) return writeMap(state, value);
  if (types.isSet(value)) return writeSet(state, value);
  if (types.isNativeError(value) || value instanceof Error) return writeError(state, value);
  if (types.isAnyArrayBuffer(value)) return writeArrayBuffer(state, value);
  if (types.isRegExp(value)) return writeRegExp(state, value);
  if (types.isBoxedPrimitive(value)) return writeBoxed(state, value);
  if (Array.isArray(value)) return writeArray(state, value);
  const reason = reasonAgainst(value);
  if (reason !== undefined) throw new EncodeFailure(value, reason);
  writeObject(state, value);
}

function writeMap(state: EncodeState, map: Map<unknown, unknown>): void {
  if (!state.enter(map) || isDeferred(state, Tag.Map, map)) return;
  state.depth++;
  writeMapBody(state, map);
  state.depth--;
}

function writeSet(state: EncodeState, set: Set<unknown>): void {
  if (!state.enter(set) || isDeferred(state, Tag.Set, set)) return;
  state.depth++;
  writeSetBody(state, set);
  state.depth--;
}

function writeDate(state: EncodeState, date: Date): void {
  if (!state.enter(date)) return;
  state.writeByte(Tag.Date);
  writeFloat64(state, timeOf.call(date));
}

function writeRegExp(state: EncodeState, expression: RegExp): void {
  if (!state.enter(expression)) return;
  state.writeByte(Tag.RegExp);
  writeString(state, sourceOf.call(expression));
  writeString(state, flagsOf.call(expression));
}

function writeBoxed(state: EncodeState, boxed: object): void {
  if (types.isSymbolObject(boxed)) {
    throw new EncodeFailure(boxed, 'a symbol exists in one process only; send a string instead');
  }
  if (!state.enter(boxed)) return;
  state.writeByte(Tag.Boxed);
  if (types.isNumberObject(boxed)) writeNumber(state, Number.prototype.valueOf.call(boxed));
  else if (types.isStringObject(boxed)) writeString(state, String.prototype.valueOf.call(boxed));
  else if (types.isBigIntObject(boxed)) writeBigInt(state, BigInt.prototype.valueOf.call(boxed));
  else state.writeByte(Boolean.prototype.valueOf.call(boxed) ? Tag.True : Tag.False);
}

function writeInstance(state: EncodeState, instance: object, entry: ClassEntry): void {
  if (!state.enter(instance)) return;
  if (entry.toWire !== undefined)
    return writeContent(state, instance, Tag.ClassPayload, entry.name, entry.toWire(instance));
  if (entry.fromWire !== undefined)
    return writeContent(state, instance, Tag.ClassFields, entry.name, instance);
  state.descend(instance);
  state.writeByte(Tag.ClassFields);
  writeString(state, entry.name);
  writeFields(state, instance as Record<string, unknown>);
  state.depth--;
}

function writeExtension(state: EncodeState, value: object, extension: WireExtension): void {
  if (!state.enter(value)) return;
  writeContent(state, value, Tag.Extension, extension.tag, extension.encode(value as never));
}

// Content out of which the receiver makes the object at once: it may not refer to the object, and nothing of it may be
// written later than it.
function writeContent(state: EncodeState, owner: object, tag: number, name: string, content: unknown): void {
  const deferred = state.deferred.length;
  state.open.push(state.lastIdentity);
  state.descend(owner);
  state.writeByte(tag);
  writeString(state, name);
  if (tag === Tag.ClassFields) writeFields(state, content as Record<string, unknown>);
  else state.writeValue(state, content);
  state.writeDeferred(state, deferred);
  state.depth--;
  state.open.pop();
}

function getterOf(prototype: object, name: string): (this: unknown) => string {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => string;
}
