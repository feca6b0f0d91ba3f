// The face of the reading side: bytes become a value, or a SerializationError. The work is done in decode-*.ts.
// The bytes are described in wire-format.ts.
import { ForkyardError, SerializationError } from '../errors.js';
import { DecodeState } from './decode-state.js';
import { readDeferred, readValue } from './decode-value.js';
import { defaultRegistry, type WireRegistry } from './registry.js';
import type { SlabReceiver } from './slabs.js';
import type { StrangerBudget } from './stranger-budget.js';

export type { SlabReceiver } from './slabs.js';

export interface DecoderOptions {
  /** Where binary data comes from that is not in the message. Without it such a message is refused. */
  readonly slabs?: SlabReceiver;
  /** What may arrive beside plain data. Default: the registry of this process. */
  readonly registry?: WireRegistry;
  /** What a message of another program may take. Default: as much as there is. */
  readonly budget?: StrangerBudget;
}

/**
 * Decodes what an Encoder wrote. Takes any input: it gives a value or throws a SerializationError (or the ForkyardError of
 * a registered conversion), reads nothing outside of [start, end), and allocates in proportion to the input. The memory
 * may change while it is read. Nothing of the value refers to `bytes`.
 */
export class Decoder {
  readonly #state: DecodeState;
  readonly #options: DecoderOptions;
  #busy = false;

  constructor(options: DecoderOptions = {}) {
    const { slabs, registry = defaultRegistry, budget } = options;
    this.#options = options;
    this.#state = new DecodeState({ readValue, readDeferred, registry, slabs, budget });
  }

  decode(bytes: Uint8Array, start = 0, end = bytes.length): unknown {
    // A conversion of a registered class may receive a message of its own.
    if (this.#busy) return new Decoder(this.#options).decode(bytes, start, end);
    if (!(start >= 0 && start <= end && end <= bytes.length)) throw outOfRange(start, end, bytes.length);
    const state = this.#state;
    state.begin(bytes, start, end);
    this.#busy = true;
    try {
      const value = readValue(state);
      if (state.deferred.length > 0) readDeferred(state, 0);
      if (state.position !== end) throw state.corrupt('it goes on after its end');
      this.#busy = false;
      state.finish();
      return value;
    } catch (error) {
      // First, and without a call: the failure may be that the stack is used up.
      this.#busy = false;
      state.finish();
      throw error instanceof ForkyardError ? error : unreadable(error);
    }
  }
}

function unreadable(cause: unknown): SerializationError {
  const message =
    'cannot read the message: it is damaged, too large, or nested too deep for this call stack (see cause)';
  return new SerializationError(message, { code: 'ERR_FORKYARD_CORRUPT_MESSAGE', cause });
}

function outOfRange(start: number, end: number, length: number): SerializationError {
  return new SerializationError(
    `Decoder.decode: [${start}, ${end}) is not within the ${length} bytes given`,
    {
      code: 'ERR_FORKYARD_CORRUPT_MESSAGE',
    },
  );
}
