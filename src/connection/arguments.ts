// What the methods of connections are called with, interpreted at the call: bytes, ranges of them, limits, time-outs.
// Each function gives what is meant, or throws what is wrong with it.
import { types } from 'node:util';
import { argumentRangeError, argumentTypeError, BufferTooShort } from '../errors.js';
import { checkOptions } from '../options/known-options.js';
import { countOf } from '../options/values.js';
import { type ResolvedWait, resolveWait, type WaitOptions } from '../options/wait-options.js';

/** Memory that messages come from and go to. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/** What part of its memory `sendBytes` sends, and how long it waits. */
export interface SendBytesOptions extends WaitOptions {
  /** Where the message begins, in bytes. Default 0. */
  readonly offset?: number | undefined;
  /** How many bytes it has. Default: as many as there are from `offset` on. */
  readonly size?: number | undefined;
}

/** What `recvBytes` takes, and how long it waits. */
export interface RecvBytesOptions extends WaitOptions {
  /** A longer message is an error, and stays. Default: as long as it is. */
  readonly maxLength?: number | undefined;
}

/** Where `recvBytesInto` writes, and how long it waits. */
export interface RecvBytesIntoOptions extends WaitOptions {
  /** Where the message goes to, in bytes. Default 0. */
  readonly offset?: number | undefined;
}

/** What `poll` takes: milliseconds, or `{ timeout, signal }`, of which `{ signal }` alone has no limit. */
export type PollOptions = number | WaitOptions;

export interface Resolved<T> {
  readonly wait: ResolvedWait;
  readonly value: T;
}

/** The part of `bytes` that is to be sent. */
export function resolveSendBytes(
  method: string,
  bytes: unknown,
  options: SendBytesOptions | undefined,
  takesSignal: boolean,
): Resolved<Uint8Array> {
  const all = bytesOf(method, 'bytes', bytes);
  if (options === undefined) return { wait: resolveWait(method, undefined, takesSignal), value: all };
  const wait = waitOf(method, options, ['offset', 'size'], takesSignal);
  const { offset = 0, size } = options;
  const start = within(method, 'offset', offset, all.length);
  const length = size === undefined ? all.length - start : within(method, 'size', size, all.length - start);
  return { wait, value: all.subarray(start, start + length) };
}

/** The length that a message may have. */
export function resolveRecvBytes(
  method: string,
  options: RecvBytesOptions | undefined,
  takesSignal: boolean,
): Resolved<number> {
  if (options === undefined)
    return { wait: resolveWait(method, undefined, takesSignal), value: Number.POSITIVE_INFINITY };
  const wait = waitOf(method, options, ['maxLength'], takesSignal);
  const { maxLength = Number.POSITIVE_INFINITY } = options;
  const isLimit = maxLength !== Number.POSITIVE_INFINITY;
  return { wait, value: isLimit ? countOf(method, 'maxLength', maxLength) : maxLength };
}

/** The memory that a message may fill. */
export function resolveRecvBytesInto(
  method: string,
  target: unknown,
  options: RecvBytesIntoOptions | undefined,
  takesSignal: boolean,
): Resolved<Uint8Array> {
  const all = bytesOf(method, 'target', target);
  if (options === undefined) return { wait: resolveWait(method, undefined, takesSignal), value: all };
  const wait = waitOf(method, options, ['offset'], takesSignal);
  return { wait, value: all.subarray(within(method, 'offset', options.offset ?? 0, all.length)) };
}

export function resolvePoll(method: string, options: unknown, takesSignal: boolean): ResolvedWait {
  if (options === undefined) return now;
  if (typeof options !== 'object') return resolveWait(method, { timeout: options as number }, takesSignal);
  const wait = resolveWait(method, options as WaitOptions, takesSignal);
  const isNow = (options as WaitOptions).timeout === undefined && wait.signal === undefined;
  return isNow ? now : wait;
}

const now: ResolvedWait = { timeoutMs: 0, signal: undefined };

function waitOf(
  method: string,
  options: WaitOptions,
  own: readonly string[],
  takesSignal: boolean,
): ResolvedWait {
  checkOptions(method, options, [...own, 'timeout', ...(takesSignal ? ['signal'] : [])]);
  const { timeout, signal } = options;
  return resolveWait(method, takesSignal ? { timeout, signal } : { timeout }, takesSignal);
}

function bytesOf(method: string, name: string, value: unknown): Uint8Array {
  try {
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (types.isAnyArrayBuffer(value)) return new Uint8Array(value);
  } catch {
    // Its memory was transferred to somebody else.
    throw argumentTypeError(method, name, 'attached to memory', value);
  }
  throw argumentTypeError(method, name, 'an ArrayBuffer, a typed array, a DataView or a Buffer', value);
}

function within(method: string, name: string, value: unknown, most: number): number {
  if (typeof value !== 'number') throw argumentTypeError(method, name, 'a number of bytes', value);
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw argumentRangeError(method, name, `an integer from 0 to ${most}`, value);
}

/** A received message into the caller's memory; its length. */
export function copyInto(method: string, target: Uint8Array, message: Buffer): number {
  if (message.length <= target.length) {
    target.set(message);
    return message.length;
  }
  throw new BufferTooShort(
    `${method}: the message has ${message.length} bytes, and there is room for ${target.length}; it is 'bytes' of this error.`,
    { bytes: message },
  );
}
