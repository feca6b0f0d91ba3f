// Writes strings, numbers and BigInts. Which value is written when is decided in encode-value.ts.
import type { EncodeState } from './encode-state.js';
import { kShortString, kShortStringMax, kSmallInteger, kSmallIntegerMax, Tag } from './wire-format.js';

// A call into native code costs about as much as this many turns of the loop.
const kCopyLoopMax = 14;

// Fails at once, whatever the length, on a string that V8 stores with one byte a character.
const notLatin1 = /[\u0100-\uffff]/;

type StringWriter = (this: Uint8Array, text: string, offset: number, length: number) => number;
const { latin1Write, ucs2Write } = Buffer.prototype as unknown as Record<
  'latin1Write' | 'ucs2Write',
  StringWriter
>;

const float64Scratch = new Float64Array(1);
const int64Scratch = new BigInt64Array(float64Scratch.buffer);
const byteScratch = new Uint8Array(float64Scratch.buffer);

export function writeString(state: EncodeState, text: string): void {
  const length = text.length;
  if (length > kCopyLoopMax) return writeLongString(state, text);
  state.reserve(length + 1);
  const bytes = state.bytes;
  let position = state.position;
  bytes[position++] = kShortString | length;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) return writeUtf16(state, text);
    bytes[position++] = code;
  }
  state.position = position;
}

export function writeNumber(state: EncodeState, value: number): void {
  const integer = value | 0;
  if (integer === value && (integer !== 0 || 1 / value > 0)) {
    state.reserve(5);
    const bytes = state.bytes;
    const position = state.position;
    if (integer >= 0 && integer <= kSmallIntegerMax) {
      bytes[position] = kSmallInteger | integer;
      state.position = position + 1;
      return;
    }
    bytes[position] = Tag.Int32;
    bytes[position + 1] = integer;
    bytes[position + 2] = integer >> 8;
    bytes[position + 3] = integer >> 16;
    bytes[position + 4] = integer >> 24;
    state.position = position + 5;
    return;
  }
  state.writeByte(Tag.Float64);
  writeFloat64(state, value);
}

/** The 8 bytes alone, without a tag. */
export function writeFloat64(state: EncodeState, value: number): void {
  float64Scratch[0] = value;
  writeScratch(state);
}

export function writeBigInt(state: EncodeState, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    state.writeByte(Tag.BigInt64);
    int64Scratch[0] = value;
    writeScratch(state);
    return;
  }
  const digits = (value < 0n ? -value : value).toString(16);
  const size = (digits.length + 1) >>> 1;
  state.writeByte(Tag.BigInt);
  state.writeByte(value < 0n ? 1 : 0);
  state.writeLength(size);
  state.reserve(size);
  const bytes = state.bytes;
  let position = state.position;
  for (let end = digits.length; end > 0; end -= 2) {
    bytes[position++] = Number.parseInt(digits.slice(Math.max(0, end - 2), end), 16);
  }
  state.position = position;
}

function writeScratch(state: EncodeState): void {
  state.reserve(8);
  const bytes = state.bytes;
  const position = state.position;
  for (let i = 0; i < 8; i++) bytes[position + i] = byteScratch[i];
  state.position = position + 8;
}

function writeLongString(state: EncodeState, text: string): void {
  if (notLatin1.test(text)) return writeUtf16(state, text);
  const length = text.length;
  if (length <= kShortStringMax) {
    state.writeByte(kShortString | length);
  } else {
    state.writeByte(Tag.Latin1);
    state.writeLength(length);
  }
  state.reserve(length);
  state.position += latin1Write.call(state.bytes, text, state.position, length);
}

function writeUtf16(state: EncodeState, text: string): void {
  const size = text.length * 2;
  state.writeByte(Tag.Utf16);
  state.writeLength(text.length);
  state.reserve(size);
  state.position += ucs2Write.call(state.bytes, text, state.position, size);
}
