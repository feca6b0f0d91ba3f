// The way from a value to the function that writes it. The common kinds (primitives, plain objects, arrays) first.
// Everything that is neither is sorted in encode-special.ts.
import { types } from 'node:util';
import { writeArray, writeArrayBody } from './encode-array.js';
import { writeObject, writeObjectBody } from './encode-object.js';
import { writeBigInt, writeNumber, writeString } from './encode-primitive.js';
import { writeFunction, writeMapBody, writeSetBody, writeSpecial } from './encode-special.js';
import { EncodeFailure, type EncodeState } from './encode-state.js';
import { Tag } from './wire-format.js';

const { isProxy } = types;
const { getPrototypeOf, prototype: objectPrototype } = Object;
const { isArray, prototype: arrayPrototype } = Array;

export function writeValue(state: EncodeState, value: unknown): void {
  switch (typeof value) {
    case 'string':
      return writeString(state, value);
    case 'number':
      return writeNumber(state, value);
    case 'object':
      return value === null ? state.writeByte(Tag.Null) : writeAnyObject(state, value);
    case 'boolean':
      return state.writeByte(value ? Tag.True : Tag.False);
    case 'undefined':
      return state.writeByte(Tag.Undefined);
    case 'bigint':
      return writeBigInt(state, value);
    case 'function':
      return writeFunction(state, value);
    default:
      throw new EncodeFailure(value, 'a symbol exists in one process only; send a string instead');
  }
}

/** Writes the containers that were too deep to be written in their place, and those that they hold, in order. */
export function writeDeferred(state: EncodeState, from: number): void {
  const { deferred } = state;
  for (let i = from; i < deferred.length; i++) {
    const { tag, value } = deferred[i];
    state.depth++;
    if (tag === Tag.Array) writeArrayBody(state, value as unknown[]);
    else if (tag === Tag.Map) writeMapBody(state, value as Map<unknown, unknown>);
    else if (tag === Tag.Set) writeSetBody(state, value as Set<unknown>);
    else writeObjectBody(state, value);
    state.depth--;
  }
  deferred.length = from;
}

function writeAnyObject(state: EncodeState, value: object): void {
  if (!isProxy(value)) {
    const prototype: unknown = getPrototypeOf(value);
    if (isArray(value)) {
      if (prototype === arrayPrototype) return writeArray(state, value);
    } else if (prototype === objectPrototype) {
      return writeObject(state, value);
    }
  }
  writeSpecial(state, value);
}
