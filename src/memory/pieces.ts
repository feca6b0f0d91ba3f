// Small things in shared memory lie together in one block: a block of its own costs microseconds, and one place of the
// 16,384 that an environment has for references. Each has its own cache lines, so that processes that change one do not slow
// down those that change its neighbour. A block is free when nobody has any of its pieces.
import { type Membership, member } from '../family/membership.js';
import type { SharedBlock } from '../serialize/slabs.js';
import { allocateBlock } from './shared-blocks.js';

/** Where something lies: so many bytes into that block. */
export interface Place {
  readonly block: SharedBlock;
  readonly offset: number;
}

const blockBytes = 4096;
const cacheLineBytes = 64;
const largestPieceBytes = 1024;

// By member: a copy of a fork server is another one, and must not give away what its siblings have. Weakly: a block that is
// not full yet is kept by its pieces alone, as any other.
const unfinished = new WeakMap<Membership, { readonly block: WeakRef<SharedBlock>; used: number }>();

/** Zeros, aligned to 8 bytes. Throws `ResourceError` when memory is out. */
export function allocatePiece(bytes: number): Place {
  if (bytes > largestPieceBytes) return { block: allocateBlock(bytes), offset: 0 };
  const size = Math.ceil(bytes / cacheLineBytes) * cacheLineBytes;
  const own = member();
  const current = unfinished.get(own);
  const block = current?.block.deref();
  if (current === undefined || block === undefined || current.used + size > blockBytes) {
    const fresh = allocateBlock(blockBytes);
    unfinished.set(own, { block: new WeakRef(fresh), used: size });
    return { block: fresh, offset: 0 };
  }
  const offset = current.used;
  current.used += size;
  return { block, offset };
}
