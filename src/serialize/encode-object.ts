// Writes plain objects: own enumerable properties with string keys, in order.
// Which objects count as plain is decided in encode-value.ts and encode-special.ts.
import { writeString } from './encode-primitive.js';
import type { EncodeState } from './encode-state.js';
import { kDeferDepth, Tag } from './wire-format.js';

const isOwn = Object.prototype.hasOwnProperty;

export function writeObject(state: EncodeState, object: object): void {
  if (!state.enter(object) || isDeferred(state, Tag.Object, object)) return;
  state.depth++;
  writeObjectBody(state, object);
  state.depth--;
}

/** The tag and the fields, without identity. */
export function writeObjectBody(state: EncodeState, object: object): void {
  state.writeByte(Tag.Object);
  writeFields(state, object as Record<string, unknown>);
}

/** (key value)* End. */
export function writeFields(state: EncodeState, object: Record<string, unknown>): void {
  for (const key in object) {
    if (!isOwn.call(object, key)) continue;
    writeString(state, key);
    state.writeValue(state, object[key]);
  }
  state.writeByte(Tag.End);
}

/** Puts a container that is too deep aside, to be written after the value that it is part of. */
export function isDeferred(state: EncodeState, tag: number, value: object): boolean {
  if (state.depth < kDeferDepth) return false;
  state.writeByte(Tag.Deferred);
  state.writeByte(tag);
  state.deferred.push({ tag, value });
  return true;
}
