// Reads the rarer kinds: Map, Set, Date, RegExp, BigInt, boxed primitives, registered classes, extensions.
// Errors are in decode-error.ts, binary data in decode-binary.ts.
import { ForkyardError, SerializationError } from '../errors.js';
import { readBytes, readResizableBuffer, readSharedBytes } from './decode-binary.js';
import { readError } from './decode-error.js';
import { readOwnFields } from './decode-object.js';
import { readBigInt, readBigInt64, readFloat64, readString } from './decode-primitive.js';
import type { DecodeState } from './decode-state.js';
import type { ClassEntry } from './registry.js';
import { Tag } from './wire-format.js';

export function readSpecial(state: DecodeState, tag: number): unknown {
  switch (tag) {
    case Tag.Date:
      return state.keep(new Date(readFloat64(state)));
    case Tag.RegExp:
      return readRegExp(state);
    case Tag.BigInt64:
      return readBigInt64(state);
    case Tag.BigInt:
      return readBigInt(state);
    case Tag.Boxed:
      return readBoxed(state);
    case Tag.Bytes:
      return readBytes(state);
    case Tag.SharedBytes:
      return readSharedBytes(state);
    case Tag.SharedBlock:
      return state.keep(state.takeSharedBlock());
    case Tag.ResizableBuffer:
      return readResizableBuffer(state);
    case Tag.Error:
      return readError(state);
    case Tag.ClassFields:
      return readClassFields(state);
    case Tag.ClassPayload:
      return readClassPayload(state);
    case Tag.Extension:
      return readExtension(state);
    default:
      throw state.corrupt('a tag is unknown');
  }
}

// A Map or Set becomes twice as large at a time, and both tables exist while it does.
const kEntriesPerAudit = 0xffff;
const kEntryBytes = 64;

/** The entries of a Map that has its identity already. */
export function readMap(state: DecodeState, map: Map<unknown, unknown>): Map<unknown, unknown> {
  state.descend();
  while (!atEnd(state)) {
    const key = state.readValue(state);
    map.set(key, state.readValue(state));
    if ((map.size & kEntriesPerAudit) === kEntriesPerAudit) state.claimHeap(map.size * kEntryBytes);
  }
  state.depth--;
  return map;
}

/** The values of a Set that has its identity already. */
export function readSet(state: DecodeState, set: Set<unknown>): Set<unknown> {
  state.descend();
  while (!atEnd(state)) {
    set.add(state.readValue(state));
    if ((set.size & kEntriesPerAudit) === kEntriesPerAudit) state.claimHeap(set.size * kEntryBytes);
  }
  state.depth--;
  return set;
}

function atEnd(state: DecodeState): boolean {
  if (state.position < state.end && state.bytes[state.position] !== Tag.End) return false;
  state.readByte();
  return true;
}

function readRegExp(state: DecodeState): RegExp {
  const source = readString(state);
  const flags = readString(state);
  return state.keep(makeRegExp(state, source, flags));
}

function makeRegExp(state: DecodeState, source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch {
    throw state.corrupt('a regular expression is not valid in this version of Node');
  }
}

function readBoxed(state: DecodeState): object {
  const identity = state.reserveIdentity();
  const value = state.readValue(state);
  if (typeof value === 'object' || value === undefined) throw state.corrupt('a boxed value is no primitive');
  return state.settle(identity, Object(value) as object);
}

function readClassFields(state: DecodeState): object {
  const identity = state.reserveIdentity();
  const entry = classNamed(state, readString(state));
  if (entry.fromWire !== undefined) {
    const fields = readContent(state, () => {
      const plain = {};
      readOwnFields(state, plain);
      return plain;
    });
    return state.settle(
      identity,
      rebuild(entry.name, () => entry.fromWire?.(fields)),
    );
  }
  const instance = state.settle(identity, Object.create(entry.prototype) as object);
  state.descend();
  readOwnFields(state, instance);
  state.depth--;
  return instance;
}

function readClassPayload(state: DecodeState): object {
  const identity = state.reserveIdentity();
  const entry = classNamed(state, readString(state));
  const payload = readContent(state, () => state.readValue(state));
  const { fromWire } = entry;
  if (fromWire !== undefined)
    return state.settle(
      identity,
      rebuild(entry.name, () => fromWire(payload)),
    );
  if (typeof payload !== 'object') throw state.corrupt(`what toWire of '${entry.name}' gave is no object`);
  const descriptors = Object.getOwnPropertyDescriptors({ ...payload });
  return state.settle(identity, Object.create(entry.prototype, descriptors) as object);
}

function readExtension(state: DecodeState): object {
  const identity = state.reserveIdentity();
  const tag = readString(state);
  const extension = state.registry.extensionOf(tag);
  if (extension === undefined) throw unknownKind(`objects of the kind '${tag}' are not accepted here`);
  const plain = readContent(state, () => state.readValue(state));
  return state.settle(
    identity,
    rebuild(tag, () => extension.decode(plain)),
  );
}

// Everything of the content, deferred containers included, before the object is made of it.
function readContent<T>(state: DecodeState, read: () => T): T {
  const deferred = state.deferred.length;
  state.descend();
  const content = read();
  state.readDeferred(state, deferred);
  state.depth--;
  return content;
}

function rebuild(name: string, make: () => unknown): object {
  let made: unknown;
  try {
    made = make();
  } catch (error) {
    if (error instanceof ForkyardError) throw error;
    throw new SerializationError(`cannot receive a '${name}': making it of what was sent threw (see cause)`, {
      cause: error,
    });
  }
  if ((typeof made === 'object' && made !== null) || typeof made === 'function') return made;
  throw new SerializationError(`cannot receive a '${name}': its fromWire or decode must return an object`);
}

function classNamed(state: DecodeState, name: string): ClassEntry {
  const entry = state.registry.classOf(name);
  if (entry === undefined) throw unknownKind(`the class '${name}' is not known here`);
  return entry;
}

function unknownKind(what: string): SerializationError {
  const remedy =
    'call registerClass in a module that both processes import, such as the one that defines the class';
  return new SerializationError(`cannot read the message: ${what}; ${remedy}`);
}
