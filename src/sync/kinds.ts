// Which class a block to wait at is of. It is written in the block, so that who receives one can tell.
import { allocateSyncBlock, type SyncShape } from '../memory/shared-blocks.js';
import { SharedBlock } from '../serialize/slabs.js';

export const syncKind = {
  lock: 1,
  semaphore: 2,
  boundedSemaphore: 3,
  event: 4,
  rlock: 5,
  condition: 6,
  barrier: 7,
} as const;

const kindWord = 0;
const ownersWord = 1;
const limitWord = 3;

/** Objects by the buffers of their blocks: there is one of each in an environment, which knows who waits there. */
const objects = new WeakMap<ArrayBuffer, object>();
let adopted: SharedBlock | undefined;

/** The block of an object under construction: the one that `adopt` was given, or a new one. */
export function blockFor(
  self: object,
  shape: SyncShape,
): { readonly block: SharedBlock; readonly isReceived: boolean } {
  const block = adopted ?? allocateSyncBlock(shape);
  const isReceived = adopted !== undefined;
  adopted = undefined;
  objects.set(block.buffer, self);
  return { block, isReceived };
}

/** What of a block's shape its object is made from. */
export interface ReceivedShape {
  readonly kind: number;
  readonly owners: number;
  readonly limit: number;
}

/** The object that a received block is; `construct` makes one where there is none yet. */
export function adopt(plain: unknown, construct: (shape: ReceivedShape) => object | undefined): object {
  if (!(plain instanceof SharedBlock)) throw new TypeError('a lock is damaged');
  const known = objects.get(plain.buffer);
  if (known !== undefined) return known;
  const words = new Int32Array(plain.buffer);
  adopted = plain;
  try {
    const made = construct({
      kind: words[kindWord] as number,
      owners: words[ownersWord] as number,
      limit: words[limitWord] as number,
    });
    if (made === undefined) throw new TypeError('a lock is damaged');
    return made;
  } finally {
    adopted = undefined;
  }
}
