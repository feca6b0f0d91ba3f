// Which class a queue's block is of: written in the block, so that who receives one can tell; and the one object that an environment
// has for each block.
import { member } from '../family/membership.js';
import { offsetOfBlock } from '../memory/shared-blocks.js';
import { SharedBlock } from '../serialize/slabs.js';
import type { MessageQueue } from './message-queue.js';

export const queueKind = { simple: 1, queue: 2, joinable: 3, pipe: 4 } as const;

const objects = new WeakMap<ArrayBuffer, object>();
let adopted: SharedBlock | undefined;

/** The queue of an object under construction: of the block that `adopt` was given, or a new one. */
export function queueFor(
  self: object,
  make: (received: SharedBlock | undefined) => MessageQueue,
): MessageQueue {
  const received = adopted;
  adopted = undefined;
  const messages = make(received);
  objects.set(messages.block.buffer, self);
  return messages;
}

/** The object that a received block is; `construct` makes one where there is none yet. */
export function adopt(
  plain: unknown,
  construct: (kind: number, maxSize: number) => object | undefined,
): object {
  if (!(plain instanceof SharedBlock)) throw new TypeError('a queue is damaged');
  const known = objects.get(plain.buffer);
  if (known !== undefined) return known;
  const [kind, maxSize] = member().addon.queueShape(offsetOfBlock(plain));
  adopted = plain;
  try {
    const made = construct(kind, maxSize);
    if (made === undefined) throw new TypeError('a queue is damaged');
    return made;
  } finally {
    adopted = undefined;
  }
}
