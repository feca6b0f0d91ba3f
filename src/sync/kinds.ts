// Which class a block to wait at is of. It is written in the block, so that who receives one can tell.
import { allocateSyncBlock } from '../memory/shared-blocks.js';
import { SharedBlock } from '../serialize/slabs.js';

export const syncKind = { lock: 1, semaphore: 2, boundedSemaphore: 3, event: 4, rlock: 5 } as const;
export type SyncKind = (typeof syncKind)[keyof typeof syncKind];

const kindWord = 0;
const ownersWord = 1;

/** Objects by the buffers of their blocks: there is one of each in an environment, which knows who waits there. */
const objects = new WeakMap<ArrayBuffer, object>();
let adopted: SharedBlock | undefined;

/** The block of an object under construction: the one that `adopt` was given, or a new one. */
export function blockFor(
  self: object,
  kind: SyncKind,
  owners: number,
): { readonly block: SharedBlock; readonly isReceived: boolean } {
  const block = adopted ?? allocateSyncBlock(kind, owners);
  const isReceived = adopted !== undefined;
  adopted = undefined;
  objects.set(block.buffer, self);
  return { block, isReceived };
}

/** The object that a received block is; `construct` makes one where there is none yet. */
export function adopt(
  plain: unknown,
  construct: (kind: number, owners: number) => object | undefined,
): object {
  if (!(plain instanceof SharedBlock)) throw new TypeError('a lock is damaged');
  const known = objects.get(plain.buffer);
  if (known !== undefined) return known;
  const words = new Int32Array(plain.buffer);
  adopted = plain;
  try {
    const made = construct(words[kindWord] as number, words[ownersWord] as number);
    if (made === undefined) throw new TypeError('a lock is damaged');
    return made;
  } finally {
    adopted = undefined;
  }
}
