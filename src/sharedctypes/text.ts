// Text in arrays of `c`: a byte for each character, as Python's bytes have it, up to the first NUL.
import { argumentRangeError, argumentTypeError } from '../errors.js';

export function textOfBytes(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.buffer, bytes.byteOffset, end < 0 ? bytes.length : end).toString('latin1');
}

/** At most `limit` bytes. Throws for characters that are more than a byte each. */
export function bytesOfText(method: string, label: string, text: unknown, limit: number): Uint8Array {
  if (typeof text !== 'string' && !(text instanceof Uint8Array))
    throw argumentTypeError(method, label, 'a string or a Uint8Array', text);
  const isWide = typeof text === 'string' && /[^\0-\xff]/.test(text);
  if (isWide) {
    const expected =
      'of characters up to U+00FF, a byte each; for others give their bytes: Buffer.from(text)';
    throw argumentRangeError(method, label, expected, text);
  }
  if (text.length > limit)
    throw argumentRangeError(method, label, `at most ${limit} characters or bytes long`, text);
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
}
