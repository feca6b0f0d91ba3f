// Reads strings, numbers and BigInts. Which is read when is decided in decode-value.ts.
import type { DecodeState } from './decode-state.js';
import { kShortString, kShortStringMax, Tag } from './wire-format.js';

type StringReader = (this: Uint8Array, start: number, end: number) => string;
const { latin1Slice, ucs2Slice } = Buffer.prototype as unknown as Record<
  'latin1Slice' | 'ucs2Slice',
  StringReader
>;

// Short strings repeat (states, units, names of fields): finding one among those seen is cheaper than making it anew.
const kCachedMax = 16;
const kCacheSlots = 1024;
const recentStrings: string[] = new Array(kCacheSlots).fill('');

const hexDigits = '0123456789abcdef';
/** 2 ** 30 bits. */
const kMaxBigIntBytes = 2 ** 27;
/** A number or short string that is none of an object's own words. */
const kSmallBytes = 24;
/** The digits as bytes and as a string, and the number. */
const kHeapPerBigIntByte = 5;

const float64Scratch = new Float64Array(1);
const int64Scratch = new BigInt64Array(float64Scratch.buffer);
const byteScratch = new Uint8Array(float64Scratch.buffer);

/** The string of this length that follows, one byte a character. */
export function readLatin1(state: DecodeState, length: number): string {
  const start = state.claimBytes(length);
  const bytes = state.bytes;
  if (length > kCachedMax) {
    state.claimHeap(length);
    return latin1Slice.call(bytes, start, start + length);
  }
  const slot = hashOf(bytes, start, length) & (kCacheSlots - 1);
  const recent = recentStrings[slot];
  if (isSame(recent, bytes, start, length)) return recent;
  state.claimHeap(kSmallBytes);
  const text = latin1Slice.call(bytes, start, start + length);
  recentStrings[slot] = text;
  return text;
}

export function readUtf16(state: DecodeState, length: number): string {
  const start = state.claimBytes(length * 2);
  state.claimHeap(length * 2 + kSmallBytes);
  return ucs2Slice.call(state.bytes, start, start + length * 2);
}

/** A string with its tag, where nothing but a string may be. */
export function readString(state: DecodeState): string {
  const tag = state.readByte();
  if (tag >= kShortString && tag <= kShortString + kShortStringMax)
    return readLatin1(state, tag - kShortString);
  if (tag === Tag.Latin1) return readLatin1(state, state.readLength());
  if (tag === Tag.Utf16) return readUtf16(state, state.readLength());
  throw state.corrupt('a string is missing');
}

export function readInt32(state: DecodeState): number {
  const position = state.claimBytes(4);
  const bytes = state.bytes;
  return (
    bytes[position] | (bytes[position + 1] << 8) | (bytes[position + 2] << 16) | (bytes[position + 3] << 24)
  );
}

export function readFloat64(state: DecodeState): number {
  fillScratch(state);
  state.claimHeap(kSmallBytes);
  return float64Scratch[0];
}

export function readBigInt64(state: DecodeState): bigint {
  fillScratch(state);
  state.claimHeap(kSmallBytes);
  return int64Scratch[0];
}

export function readBigInt(state: DecodeState): bigint {
  const isNegative = state.readByte() !== 0;
  const size = state.readLength();
  const start = state.claimBytes(size);
  if (size > kMaxBigIntBytes) throw state.corrupt('a BigInt is longer than this engine has them');
  state.claimHeap(size * kHeapPerBigIntByte + kSmallBytes);
  const magnitude = BigInt(hexOf(state.bytes, start, size));
  return isNegative ? -magnitude : magnitude;
}

/** True if `text` is what these bytes hold. */
export function isSame(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

export function hashOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = length;
  for (let i = start, end = start + length; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
  return hash ^ (hash >>> 11);
}

// One string from one buffer: pieces would take thirty times what they say.
function hexOf(bytes: Uint8Array, start: number, size: number): string {
  const digits = Buffer.allocUnsafe(size * 2 + 3);
  digits.write('0x0', 'latin1');
  for (let from = start + size - 1, to = 3; from >= start; from--, to += 2) {
    digits[to] = hexDigits.charCodeAt(bytes[from] >> 4);
    digits[to + 1] = hexDigits.charCodeAt(bytes[from] & 15);
  }
  return latin1Slice.call(digits, 0, digits.length);
}

function fillScratch(state: DecodeState): void {
  const position = state.claimBytes(8);
  const bytes = state.bytes;
  for (let i = 0; i < 8; i++) byteScratch[i] = bytes[position + i];
}
