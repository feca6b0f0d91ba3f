// The secret of a process with which its connections to other programs can be secured: made in the root, inherited by its
// children in their first message, which only the family can read; never in arguments or the environment. Python: authkey.
import { authkeyOf } from '../connection/digest.js';
import { loadAddon } from '../native/load.js';
import { localOnly } from '../util/local-only.js';

/** Bytes that are shown, turned into text or JSON, and sent to processes only on purpose: as a copy, `new Uint8Array(authkey)`. */
export class Authkey extends Uint8Array {
  // What is made of parts of it are plain bytes.
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  /** @internal */
  get [localOnly](): string {
    return 'secret authkey';
  }

  override toString(): string {
    return '<authkey>';
  }

  toJSON(): string {
    return '<authkey>';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '<authkey>';
  }
}

let own: Authkey | undefined;

/** Made at the first call, where none was inherited: 32 bytes of the kernel's chance. */
export function ownAuthkey(): Authkey {
  own ??= randomKey();
  return own;
}

export function setOwnAuthkey(bytes: unknown): void {
  own = authkeyFrom(bytes);
}

/** A copy of the bytes. Throws `TypeError` for what are none. */
export function authkeyFrom(bytes: unknown): Authkey {
  return new Authkey(authkeyOf('authkey', bytes));
}

/** Gives an object that stands for this process its `authkey`, which spreading, showing and sending it leave out. */
export function withAuthkey<T extends object>(
  process: T,
): T & { get authkey(): Authkey; set authkey(bytes: ArrayBufferLike | ArrayBufferView) } {
  if (!('authkey' in process))
    Object.defineProperty(process, 'authkey', { get: ownAuthkey, set: setOwnAuthkey });
  return process as never;
}

// Without node:crypto, which takes longer to load than a process to start.
function randomKey(): Authkey {
  const { randomSeed } = loadAddon();
  return new Authkey(new Uint32Array([...randomSeed(), ...randomSeed()]).buffer);
}
