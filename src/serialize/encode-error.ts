// Writes errors. An error always gets across: what cannot be read or encoded of it is replaced by a description.
// Reading is in decode-error.ts; which class is known where, in error-classes.ts and the registry.
//
//   Tag.Error, origin, flags (ErrorFlag), class name, then as flagged: message, stack, own name that is not enumerable
//   (strings), cause, errors (frames); then (key frame)* End for the own enumerable properties.
//   A frame is: u32 bytes, u32 identities, u32 slabs, then one value, so that the reader can step over it.

import { writeString } from './encode-primitive.js';
import { EncodeFailure, type EncodeState } from './encode-state.js';
import { originOf } from './error-classes.js';
import { stackToSend } from './remote-stack.js';
import { ErrorFlag, ErrorOrigin, Tag } from './wire-format.js';

const kFrameHeaderBytes = 12;
const separateKeys = new Set(['message', 'stack', 'cause', 'errors']);

export function writeError(state: EncodeState, error: object): void {
  if (!state.enter(error)) return;
  state.descend(error);
  const { origin, name } = originAndName(state, error);
  const message = readText(error, 'message') || (Object.hasOwn(error, 'message') ? '' : undefined);
  const ownStack = readText(error, 'stack');
  const stack = ownStack === undefined ? undefined : stackToSend(error, ownStack);
  const keys = Object.keys(error);
  const ownName =
    Object.hasOwn(error, 'name') && !keys.includes('name') ? readText(error, 'name') : undefined;
  const domName = origin === ErrorOrigin.DomException ? readText(error, 'name') : ownName;
  const hasCause = Object.hasOwn(error, 'cause');
  const hasErrors = Object.hasOwn(error, 'errors');
  state.writeByte(Tag.Error);
  state.writeByte(origin);
  state.writeByte(
    (message === undefined ? 0 : ErrorFlag.Message) |
      (stack === undefined ? 0 : ErrorFlag.Stack) |
      (domName === undefined ? 0 : ErrorFlag.Name) |
      (hasCause ? ErrorFlag.Cause : 0) |
      (hasErrors ? ErrorFlag.Errors : 0),
  );
  writeString(state, name);
  if (message !== undefined) writeString(state, message);
  if (stack !== undefined) writeString(state, stack);
  if (domName !== undefined) writeString(state, domName);
  if (hasCause) writeFrame(state, error, 'cause');
  if (hasErrors) writeFrame(state, error, 'errors');
  for (const key of keys) {
    if (separateKeys.has(key)) continue;
    writeString(state, key);
    writeFrame(state, error, key);
  }
  state.writeByte(Tag.End);
  state.depth--;
}

function writeFrame(state: EncodeState, error: object, key: string): void {
  const mark = state.mark();
  try {
    writeFrameOf(state, Reflect.get(error, key));
  } catch (failure) {
    state.rollBack(mark);
    writeFrameOf(state, `[could not be sent: ${reasonOf(failure)}]`);
  }
}

function writeFrameOf(state: EncodeState, value: unknown): void {
  const before = state.mark();
  state.reserve(kFrameHeaderBytes);
  state.position += kFrameHeaderBytes;
  state.writeValue(state, value);
  state.writeDeferred(state, before.deferred);
  const header = state.start + before.size;
  state.writeUint32At(header, state.position - header - kFrameHeaderBytes);
  state.writeUint32At(header + 4, state.lastIdentity + 1 - before.identities);
  state.writeUint32At(header + 8, state.tokens.length - before.tokens);
}

function originAndName(state: EncodeState, error: object) {
  try {
    const prototype: object | null = Object.getPrototypeOf(error);
    const registered = prototype === null ? undefined : state.registry.errorNameOf(prototype);
    if (registered !== undefined) return { origin: ErrorOrigin.User, name: registered };
    return originOf(error, Reflect.get(error, 'constructor'));
  } catch {
    return { origin: ErrorOrigin.User, name: 'Error' };
  }
}

// A message or stack may be anything in JavaScript, and reading it may run code (Error.prepareStackTrace).
function readText(error: object, key: string): string | undefined {
  try {
    const text: unknown = Reflect.get(error, key);
    if (typeof text === 'string') return text;
    return text === undefined ? undefined : String(text);
  } catch {
    return '[could not be read]';
  }
}

function reasonOf(failure: unknown): string {
  if (failure instanceof EncodeFailure) return failure.reason;
  try {
    return failure instanceof Error ? failure.message : String(failure);
  } catch {
    return 'reading it threw';
  }
}
