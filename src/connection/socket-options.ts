// The options that listeners and clients have in common, interpreted once, at the call.
// Those of their own are in listener-options.ts and client.ts; addresses are address.ts.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { checkOptions } from '../options/known-options.js';
import { duration, wholeNumber } from '../options/values.js';
import type { AddressFamily } from './address.js';
import { authkeyOf } from './digest.js';
import { defaultMaxFrameBytes, maxMaxFrameBytes } from './frame.js';
import type { HandshakeSettings } from './handshake.js';
import type { SocketSettings } from './socket-connection.js';

export interface SocketOptions {
  /** Python's name for the kind of address. Default: what the address looks like. */
  readonly family?: AddressFamily | undefined;
  /** The secret that both sides must know: bytes. Default: there is none, and everybody is believed. */
  readonly authkey?: ArrayBufferLike | ArrayBufferView | undefined;
  /** `send` and `recv` speak JSON (UTF-8), which any program understands, and not Forkyard's encoding. Default false. */
  readonly json?: boolean | undefined;
  /** Lets Python before 3.12 in, which can prove the knowledge of the authkey only by MD5. Default false. */
  readonly allowMd5?: boolean | undefined;
  /** The longest message, in bytes; the connection ends at a longer one. Default 256 MiB. */
  readonly maxFrameBytes?: number | undefined;
  /** How long the handshake of an authkey may take, in milliseconds. Default 10,000. */
  readonly handshakeTimeout?: number | undefined;
}

export interface ResolvedSocketOptions {
  readonly settings: SocketSettings;
  /** Undefined without an authkey. */
  readonly handshake: HandshakeSettings | undefined;
  /** 0: without a limit. */
  readonly handshakeTimeoutMs: number;
}

const names: readonly (keyof SocketOptions)[] = [
  'family',
  'authkey',
  'json',
  'allowMd5',
  'maxFrameBytes',
  'handshakeTimeout',
];
const defaultHandshakeMs = 10_000;

export function resolveSocketOptions(
  method: string,
  options: SocketOptions,
  own: readonly string[],
): ResolvedSocketOptions {
  checkOptions(method, options, [...names, ...own]);
  const { authkey, json = false, allowMd5 = false } = options;
  const { maxFrameBytes = defaultMaxFrameBytes, handshakeTimeout = defaultHandshakeMs } = options;
  for (const [name, value] of Object.entries({ json, allowMd5 }))
    if (typeof value !== 'boolean') throw argumentTypeError(method, name, 'true or false', value);
  if (wholeNumber(method, 'maxFrameBytes', maxFrameBytes) > maxMaxFrameBytes)
    throw argumentRangeError(method, 'maxFrameBytes', `at most ${maxMaxFrameBytes}`, maxFrameBytes);
  const key = authkey === undefined ? undefined : authkeyOf(method, authkey);
  return {
    settings: { json, maxFrameBytes },
    handshake: key && { authkey: key, digestName: 'sha256', allowMd5 },
    handshakeTimeoutMs: duration(method, 'handshakeTimeout', handshakeTimeout),
  };
}
