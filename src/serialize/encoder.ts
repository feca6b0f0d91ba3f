// The face of the writing side: a value becomes bytes in the caller's memory, or a SerializationError names what cannot.
// The work is done in encode-*.ts, the bytes are described in wire-format.ts.
import { ForkyardError, SerializationError } from '../errors.js';
import { EncodeFailure, EncodeState } from './encode-state.js';
import { writeDeferred, writeValue } from './encode-value.js';
import { findPath } from './find-path.js';
import { defaultRegistry, type WireRegistry } from './registry.js';
import type { SlabSender } from './slabs.js';

export type { SlabSender } from './slabs.js';

export interface EncoderOptions {
  /** Where binary data of at least `outOfBandBytes` goes. Without it everything is in the message. */
  readonly slabs?: SlabSender;
  /** Default 16384. */
  readonly outOfBandBytes?: number;
  /** Default: the registry of this process. */
  readonly registry?: WireRegistry;
  /** What the path in an error calls the value: `args` gives `args[0].user`. Default: nothing. */
  readonly rootName?: string;
}

/**
 * Encodes what `structuredClone` clones, with its results, and beyond it: Buffers as Buffers, errors with their class and
 * properties, registered classes, extensions, any depth. Reuse one encoder: it allocates little per call.
 */
export class Encoder {
  /** Where the encoding is: bytes[start, end). Valid until the next `encode`. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** True when `bytes` is the encoder's own memory, not the target. */
  spilled = false;
  /** The slabs used, in index order. Reused by the next `encode`. */
  readonly tokens: number[];
  readonly #state: EncodeState;
  readonly #rootName: string;

  constructor(options: EncoderOptions = {}) {
    const { slabs, outOfBandBytes = 16384, registry = defaultRegistry, rootName = '' } = options;
    this.#state = new EncodeState({ writeValue, writeDeferred, registry, slabs, outOfBandBytes });
    this.tokens = this.#state.tokens;
    this.#rootName = rootName;
  }

  /** Whether it is at work: what runs is a getter or conversion of the value. */
  get isBusy(): boolean {
    return this.#state.busy;
  }

  /** The next value to be encoded is this array, of which only the elements matter: looking for more costs time. */
  expectList(list: readonly unknown[]): void {
    this.#state.list = list;
  }

  /**
   * Encodes value into target[start, end); what does not fit goes on, whole, in memory of the encoder. Throws
   * SerializationError with the path of what cannot be encoded, or the ForkyardError of a slab that could not be had;
   * then no slab is kept. Getters and registered conversions run during it; they may not use the same encoder.
   */
  encode(value: unknown, target?: Uint8Array, start = 0, end = target?.length ?? 0): void {
    const state = this.#state;
    if (state.busy) throw reentered();
    state.begin(target, start, end);
    state.busy = true;
    try {
      writeValue(state, value);
      if (state.deferred.length > 0) writeDeferred(state, 0);
    } catch (failure) {
      // First, and without a call: the failure may be that the stack is used up.
      state.busy = false;
      state.dropTokens(0);
      state.finish();
      throw explain(failure, value, this.#rootName, state.registry);
    }
    state.finish();
    this.bytes = state.bytes;
    this.start = state.start;
    this.end = state.position;
    this.spilled = state.spilled;
  }
}

function explain(failure: unknown, root: unknown, rootName: string, registry: WireRegistry): ForkyardError {
  if (failure instanceof ForkyardError) return failure;
  if (failure instanceof EncodeFailure) {
    const path = findPath(root, rootName, registry, failure.offender);
    const message = `cannot send ${path === '' ? 'the value' : path}: ${failure.reason}`;
    return new SerializationError(message, { path });
  }
  if (isStackOverflow(failure)) {
    const message =
      'cannot send the value: the call stack is exhausted; call from less deep, or flatten the value';
    return new SerializationError(message, { cause: failure });
  }
  const path = findPath(root, rootName, registry);
  const message = `cannot send ${path === '' ? 'the value' : path}: reading it threw (see cause)`;
  return new SerializationError(message, { path, cause: failure });
}

function isStackOverflow(failure: unknown): boolean {
  return failure instanceof RangeError && failure.message.includes('call stack');
}

function reentered(): SerializationError {
  return new SerializationError(
    'Encoder.encode: called by a getter or conversion of the value that it is encoding; send from outside of it',
  );
}
