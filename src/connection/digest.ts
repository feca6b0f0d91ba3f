// The keyed digests that prove the knowledge of an authkey, under the names that CPython has for them.
// What is digested, and when, is handshake.ts.
import { types } from 'node:util';
import { AuthenticationError, argumentRangeError, argumentTypeError } from '../errors.js';
import { crypto } from './lazy-modules.js';

export type DigestName = 'sha256' | 'sha384' | 'sha3_256' | 'sha3_384' | 'md5';

/** In bytes. */
const lengths: Readonly<Record<DigestName, number>> = {
  md5: 16,
  sha256: 32,
  sha384: 48,
  sha3_256: 32,
  sha3_384: 48,
};

export function isDigestName(name: string): name is DigestName {
  return Object.hasOwn(lengths, name);
}

export function digestNameOf(method: string, name: unknown): DigestName {
  if (typeof name !== 'string') throw argumentTypeError(method, 'digestName', 'a string', name);
  if (isDigestName(name)) return name;
  throw argumentRangeError(method, 'digestName', `one of ${Object.keys(lengths).join(', ')}`, name);
}

/** A copy of the key: what becomes of the caller's bytes does not matter afterwards. */
export function authkeyOf(method: string, authkey: unknown): Buffer {
  if (ArrayBuffer.isView(authkey))
    return Buffer.from(new Uint8Array(authkey.buffer, authkey.byteOffset, authkey.byteLength));
  if (types.isAnyArrayBuffer(authkey)) return Buffer.from(new Uint8Array(authkey));
  // Never with its value: error messages end up in logs.
  const bytesOfText = typeof authkey === 'string' ? ' (Buffer.from(it) gives those of a text)' : '';
  const kind = authkey === null ? 'null' : `a value of type ${typeof authkey}`;
  const message = `${method}: 'authkey' must be bytes, such as a Buffer${bytesOfText}, not ${kind}.`;
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}

export function digestOf(name: DigestName, authkey: Uint8Array, message: Uint8Array): Buffer {
  try {
    return crypto().createHmac(name.replace('_', '-'), authkey).update(message).digest();
  } catch (cause) {
    throw new AuthenticationError(`${name} is not available in this Node (see cause).`, { cause });
  }
}

/** Takes as long for any digest of the right length. */
export function isDigest(
  name: DigestName,
  authkey: Uint8Array,
  message: Uint8Array,
  digest: Uint8Array,
): boolean {
  return (
    digest.length === lengths[name] && crypto().timingSafeEqual(digestOf(name, authkey, message), digest)
  );
}
