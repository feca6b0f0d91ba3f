// What the threads of a process send each other: a value that structured cloning would spoil, as a message that it leaves whole.
import { argumentTypeError } from '../errors.js';
import { member } from '../family/membership.js';
import { type BlockHandle, handleOfBlock, openBlock } from '../memory/shared-blocks.js';
import { Decoder } from '../serialize/decoder.js';
import { Encoder } from '../serialize/encoder.js';
import type { SharedBlock } from '../serialize/slabs.js';

/** For `postMessage` and `workerData`; what is in it is nobody's business. */
export interface ThreadMessage {
  readonly forkyard: Uint8Array;
  readonly blocks: readonly BlockHandle[];
}

/**
 * `value`, with locks, shared arrays and all else that can be sent to a process, as a message for another thread of this process:
 * `worker.postMessage(toThread({ lock, array }))`, and there `fromThread(message)`. Keep what is shared until it has arrived:
 * the message does not. Throws `SerializationError` for what cannot be sent.
 */
export function toThread(value: unknown): ThreadMessage {
  const blocks: BlockHandle[] = [];
  const refer = (block: SharedBlock): number => blocks.push(handleOfBlock(block)) - 1;
  const slabs = { share: () => -1, refer, drop: () => {} };
  const encoder = new Encoder({ slabs, outOfBandBytes: Infinity });
  member();
  encoder.encode(value);
  return { forkyard: encoder.bytes.slice(encoder.start, encoder.end), blocks };
}

/** What `toThread` was given. Throws `ERR_FORKYARD_STALE_HANDLE` if something shared was let go of meanwhile. */
export function fromThread(message: ThreadMessage): unknown {
  if (!(message?.forkyard instanceof Uint8Array) || !Array.isArray(message.blocks)) {
    throw argumentTypeError('fromThread', 'message', 'what toThread() gave', message);
  }
  const { addon } = member();
  const take = (): never => {
    throw new TypeError('a message of a thread is damaged');
  };
  const takeShared = (index: number): SharedBlock => openBlock(addon, message.blocks[index] as BlockHandle);
  return new Decoder({ slabs: { take, takeShared } }).decode(message.forkyard);
}
