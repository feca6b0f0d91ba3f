// What other programs send as values: any bytes give plain data or a SerializationError, in Forkyard's encoding and in JSON.
// The encoding of a family, with all that it may hold, is serialize/hostile.test.ts.
import fc from 'fast-check';
import { test } from 'vitest';
import { jsonCodec, plainCodec } from '../../lib/connection/codec.js';
import { SerializationError } from '../../lib/index.js';
import { attempt, bytes, check } from './support.js';

const codec = plainCodec();

function decode(message: Uint8Array): void {
  const value = attempt(() => codec.decode(message));
  if (typeof value === 'function') throw new Error('a function came out');
  if (value instanceof Error && !(value instanceof SerializationError)) {
    // It is the value, not what was thrown: an error of ours in the data.
    return;
  }
}

/** Encodings, with a few bytes changed, left out or put in. */
const damaged = fc
  .tuple(
    fc.anything({
      withMap: true,
      withSet: true,
      withDate: true,
      withBigInt: true,
      withTypedArray: true,
      maxDepth: 2,
    }),
    fc.array(fc.tuple(fc.nat(200), fc.nat(255), fc.nat(2)), { maxLength: 4 }),
  )
  .map(([value, changes]) => {
    const encoding = attempt(() => [...codec.encode(value)]);
    const message = Array.isArray(encoding) ? encoding : [];
    for (const [at, byte, kind] of changes)
      message.splice(at % (message.length + 1), kind === 0 ? 0 : 1, ...(kind === 2 ? [] : [byte]));
    return Uint8Array.from(message);
  });

test('arbitrary bytes', () => check(fc.property(bytes, decode)));

test('damaged encodings', () => check(fc.property(damaged, decode)));

test('arbitrary bytes and texts as JSON', () =>
  check(
    fc.property(
      fc.oneof(
        bytes,
        fc.string().map((text) => Buffer.from(text)),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (message) => {
        attempt(() => jsonCodec.decode(message));
      },
    ),
  ));
