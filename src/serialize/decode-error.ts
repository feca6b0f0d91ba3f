// Reads errors: a real error object of the class where it is known, else a RemoteError. What encode-error.ts wrote is
// always read; a property that cannot be rebuilt becomes a description. Only damaged bytes are an exception.
import { forkyardErrorClasses, RemoteError } from '../errors.js';
import { arrayIndexOf, defineField, makeSlow, readKey } from './decode-object.js';
import { readString } from './decode-primitive.js';
import type { DecodeState } from './decode-state.js';
import { knownErrorPrototype } from './error-classes.js';
import { ErrorFlag, ErrorOrigin, Tag } from './wire-format.js';

const kMaxErrorIndex = 64;

export function readError(state: DecodeState): Error {
  const identity = state.reserveIdentity();
  state.descend();
  const origin = state.readByte();
  const flags = state.readByte();
  const className = readString(state);
  const message = (flags & ErrorFlag.Message) !== 0 ? readString(state) : undefined;
  const stack = (flags & ErrorFlag.Stack) !== 0 ? readString(state) : undefined;
  const name = (flags & ErrorFlag.Name) !== 0 ? readString(state) : undefined;
  const Simple =
    origin === ErrorOrigin.Builtin && name === undefined ? simpleClasses.get(className) : undefined;
  const error = state.settle(
    identity,
    Simple === undefined
      ? makeError(state, { origin, className, message, name })
      : withoutTrace(() => (message === undefined ? new Simple() : new Simple(message))),
  );
  if (stack !== undefined) setStack(error, stack);
  if ((flags & ErrorFlag.Cause) !== 0) define(error, 'cause', readFrame(state));
  if ((flags & ErrorFlag.Errors) !== 0) define(error, 'errors', readFrame(state));
  readProperties(state, error);
  state.depth--;
  return error;
}

// What these constructors make needs no repair but the stack, which the engine gives them as an own property.
const simpleClasses = new Map<string, ErrorConstructor>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Simple) => [
    Simple.name,
    Simple,
  ]),
);

function setStack(error: Error, stack: string): void {
  if (Object.hasOwn(error, 'stack')) error.stack = stack;
  else define(error, 'stack', stack);
}

interface ErrorHead {
  readonly origin: number;
  readonly className: string;
  readonly message: string | undefined;
  readonly name: string | undefined;
}

function makeError(state: DecodeState, { origin, className, message, name }: ErrorHead): Error {
  if (origin === ErrorOrigin.DomException) return withoutTrace(() => new DOMException(message, name));
  const known =
    origin === ErrorOrigin.User
      ? state.registry.errorPrototypeOf(className)
      : knownErrorPrototype(origin, className);
  // Only a constructor of the engine makes what util.types.isNativeError accepts.
  const error = withoutTrace(() => new Error());
  Object.setPrototypeOf(error, known ?? forkyardErrorClasses.RemoteError.prototype);
  if (message !== undefined) define(error, 'message', message);
  if (name !== undefined) define(error, 'name', name);
  define(error, 'stack', message ? `${className}: ${message}` : className);
  if (known === undefined) {
    defineField(error, 'code', RemoteError.defaultCode);
    defineField(error, 'className', className);
  }
  return error;
}

function readProperties(state: DecodeState, error: Error): void {
  for (let tag = state.readByte(); tag !== Tag.End; tag = state.readByte()) {
    const key = readKey(state, tag);
    // Nobody's error has elements; a far one would be a claim of memory.
    if (arrayIndexOf(key) > kMaxErrorIndex) makeSlow(error);
    defineField(error, key, readFrame(state));
  }
}

// See encode-error.ts. Within a frame nothing beyond it can be read; what fails in it is stepped over.
function readFrame(state: DecodeState): unknown {
  const size = state.readUint32();
  const identities = state.readUint32();
  const slabs = state.readUint32();
  const start = state.claimBytes(size);
  if (identities > size || slabs > size) throw state.corrupt('a count goes beyond its end');
  const next = {
    position: start + size,
    identities: state.identityCount + identities,
    slabs: state.slabCount + slabs,
  };
  const outer = { end: state.end, depth: state.depth, deferred: state.deferred.length };
  state.position = start;
  state.end = next.position;
  try {
    const value = state.readValue(state);
    state.readDeferred(state, outer.deferred);
    if (state.position !== next.position) throw state.corrupt('a property is longer than it should be');
    return value;
  } catch (error) {
    if (state.isRefused) throw error;
    state.countFailedFrame();
    state.depth = outer.depth;
    state.deferred.length = outer.deferred;
    return `[could not be rebuilt: ${error instanceof Error ? error.message : String(error)}]`;
  } finally {
    state.end = outer.end;
    state.skipTo(next.position, next.identities, next.slabs);
  }
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
}

// Collecting a stack trace that is then replaced costs more than all the rest.
function withoutTrace<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 0;
  } catch {
    return make();
  }
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
