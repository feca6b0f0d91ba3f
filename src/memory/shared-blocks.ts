// Blocks of the arena that several environments see at once: what shared arrays are made of. Each environment has one
// buffer for a block, however often a reference to it arrives. Copies on their way through messages are slabs.ts.
import { ForkyardError } from '../errors.js';
import { member } from '../family/membership.js';
import type { Addon } from '../native/contract.js';
import { SharedBlock } from '../serialize/slabs.js';
import { checkBufferLength } from '../system/buffer-length.js';
import { allocationError } from './allocation-error.js';
import { trimLater } from './trimming.js';

/** A handle: the block and which of its lives is meant. */
export interface BlockHandle {
  readonly block: number;
  readonly generation: number;
}

const handles = new WeakMap<ArrayBuffer, BlockHandle & { readonly cell: number }>();
const known = new Map<string, WeakRef<SharedBlock>>();
const collected = new FinalizationRegistry<string>((key) => {
  if (known.get(key)?.deref() === undefined) known.delete(key);
  trimLater(member().addon);
});

/** A new block of zeros, of at least so many bytes. Throws `ResourceError` when memory is out. */
export function allocateBlock(bytes: number): SharedBlock {
  checkBufferLength(bytes);
  const { addon } = member();
  const cell = addon.allocate(bytes);
  if (cell < 0) throw allocationError(addon.constants, cell, bytes);
  return viewOf(addon, cell);
}

/** What a block to wait at is made for: native/sync/sync_block.h. */
export interface SyncShape {
  readonly kind: number;
  readonly owners: number;
  readonly slotWords?: number;
  readonly limit?: number;
}

/** A new block to wait at. Throws `ResourceError` when memory is out. */
export function allocateSyncBlock({ kind, owners, slotWords = 0, limit = 0 }: SyncShape): SharedBlock {
  const { addon } = member();
  const cell = addon.createSync(kind, owners, slotWords, limit);
  if (cell < 0) throw allocationError(addon.constants, cell, 4 * owners);
  return viewOf(addon, cell);
}

/** A new queue (native/channel/queue_block.h). Throws `ResourceError` when memory is out. */
export function allocateQueueBlock(shape: {
  readonly kind: number;
  readonly maxItems: number;
  readonly maxRings: number;
  readonly firstRingBytes: number;
  readonly needsDone: boolean;
}): SharedBlock {
  const { addon } = member();
  const { kind, maxItems, maxRings, firstRingBytes, needsDone } = shape;
  const cell = addon.createQueue(kind, maxItems, maxRings, firstRingBytes, needsDone);
  if (cell < 0) throw allocationError(addon.constants, cell, firstRingBytes);
  return viewOf(addon, cell);
}

/** Where it is in the arena. */
export function offsetOfBlock({ buffer }: SharedBlock): number {
  return (handles.get(buffer) as BlockHandle).block;
}

/** Throws `ERR_FORKYARD_STALE_HANDLE` if it is none of ours. */
export function handleOfBlock({ buffer }: SharedBlock): BlockHandle {
  const handle = handles.get(buffer);
  if (handle === undefined) throw staleHandle();
  return { block: handle.block, generation: handle.generation };
}

/** Lets go of a block now, not when it is collected. Nobody here may use it any more. */
export function closeBlock({ buffer }: SharedBlock): void {
  const handle = handles.get(buffer);
  if (handle === undefined) return;
  handles.delete(buffer);
  known.delete(keyOf(handle));
  member().addon.closeView(handle.cell, buffer);
}

/** The cell of one more reference to it. */
export function referToBlock(addon: Addon, block: SharedBlock): number {
  return referTo(addon, handleOfBlock(block));
}

/** The block of a handle that another environment had, and still has. */
export function openBlock(addon: Addon, handle: BlockHandle): SharedBlock {
  return receiveBlock(addon, referTo(addon, handle));
}

function referTo(addon: Addon, { block, generation }: BlockHandle): number {
  const cell = addon.acquire(block, generation);
  if (cell >= 0) return cell;
  if (cell === addon.constants.ledgerFull) throw allocationError(addon.constants, cell, 0);
  throw staleHandle();
}

function staleHandle(): ForkyardError {
  return new ForkyardError(
    'A shared object cannot be passed on: it was closed, or collected, before it arrived. Keep it until then.',
    { code: 'ERR_FORKYARD_STALE_HANDLE' },
  );
}

/** The block that a cell refers to; the cell is used up. */
export function receiveBlock(addon: Addon, cell: number): SharedBlock {
  const block = known.get(keyOf(handleOf(addon, cell)))?.deref();
  if (block === undefined) return viewOf(addon, cell);
  addon.release(cell);
  return block;
}

function viewOf(addon: Addon, cell: number): SharedBlock {
  const handle = handleOf(addon, cell);
  const block = new SharedBlock(addon.view(cell));
  const key = keyOf(handle);
  handles.set(block.buffer, { ...handle, cell });
  known.set(key, new WeakRef(block));
  collected.register(block, key);
  return block;
}

function handleOf(addon: Addon, cell: number): BlockHandle {
  const block = addon.blockOf(cell);
  return { block, generation: addon.generationOf(block) };
}

function keyOf({ block, generation }: BlockHandle): string {
  return `${block}:${generation}`;
}
