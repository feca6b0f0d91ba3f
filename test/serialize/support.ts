// What the tests of the codec share: a round trip, and a comparison that is stricter than assert's (identity, -0, order
// of keys, invalid dates).
import { types } from 'node:util';
import { Decoder } from '../../lib/serialize/decoder.js';
import { Encoder } from '../../lib/serialize/encoder.js';

const encoder = new Encoder();
const decoder = new Decoder();

export function encoded(value: unknown): Uint8Array {
  encoder.encode(value);
  return encoder.bytes.slice(encoder.start, encoder.end);
}

export function decoded(bytes: Uint8Array): unknown {
  return decoder.decode(bytes, 0, bytes.length);
}

export function roundTrip<T>(value: T): T {
  return decoded(encoded(value)) as T;
}

/** Throws, naming the path, unless both are the same value graph: equal contents, and the same parts shared. */
export function assertSame(actual: unknown, expected: unknown): void {
  compare(actual, expected, { path: '$', forth: new Map(), back: new Map() });
}

interface Context {
  readonly path: string;
  readonly forth: Map<unknown, unknown>;
  readonly back: Map<unknown, unknown>;
}

function compare(actual: unknown, expected: unknown, context: Context): void {
  const fail = (what: string): never => {
    throw new Error(`${context.path}: ${what}`);
  };
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) {
    if (!Object.is(actual, expected)) fail(`${String(actual)} is not ${String(expected)}`);
    return;
  }
  if (context.forth.has(actual) || context.back.has(expected)) {
    if (context.forth.get(actual) !== expected || context.back.get(expected) !== actual)
      fail('identity differs');
    return;
  }
  context.forth.set(actual, expected);
  context.back.set(expected, actual);
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) fail('prototype differs');
  const inner = partsOf(expected);
  const found = partsOf(actual);
  if (found.length !== inner.length) fail(`${found.length} parts, not ${inner.length}`);
  for (let i = 0; i < inner.length; i++) {
    compare(found[i], inner[i], { ...context, path: `${context.path}.${i}` });
  }
  const keys = Object.keys(expected);
  if (Object.keys(actual).join('\n') !== keys.join('\n')) fail(`keys ${Object.keys(actual)} are not ${keys}`);
  if (ArrayBuffer.isView(expected)) return;
  for (const key of keys) {
    compare(Reflect.get(actual, key), Reflect.get(expected, key), {
      ...context,
      path: `${context.path}[${key}]`,
    });
  }
}

// What an object holds beside its properties, as a list.
function partsOf(value: object): unknown[] {
  if (types.isDate(value)) return [value.getTime()];
  if (types.isRegExp(value)) return [value.source, value.flags, value.lastIndex];
  if (types.isMap(value)) return [...value.keys(), ...value.values()];
  if (types.isSet(value)) return [...value];
  if (types.isBoxedPrimitive(value)) return [value.valueOf()];
  if (types.isArrayBuffer(value)) return [value.byteLength, ...new Uint8Array(value)];
  if (ArrayBuffer.isView(value)) {
    return [value.byteLength, ...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  }
  return Array.isArray(value) ? [value.length] : [];
}
