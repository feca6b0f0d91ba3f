// MessageQueue: one queue of the addon (native/channel/queue.md) and the rooms in which this environment waits at it. What queues and
// both directions of a pipe are made of; their manners are simple-queue.ts and pipe/.
import { encodingTools } from '../channel/tools.js';
import { ForkyardError } from '../errors.js';
import { type Membership, member } from '../family/membership.js';
import { allocationError } from '../memory/allocation-error.js';
import { allocateQueueBlock, offsetOfBlock } from '../memory/shared-blocks.js';
import { trimLater } from '../memory/trimming.js';
import type { QueueCounts } from '../native/contract-queue.js';
import type { Encoder } from '../serialize/encoder.js';
import type { SharedBlock } from '../serialize/slabs.js';
import { exchangeOf, type QueueExchange } from './exchange.js';
import { took } from './in-hand.js';
import { type Demand, Inbox } from './incoming.js';
import { layOut, type OutgoingItem } from './outgoing.js';
import { type Attempt, QueueRoom } from './queue-room.js';

export interface QueueShape {
  readonly kind: number;
  readonly maxItems: number;
  readonly maxRings: number;
  readonly firstRingBytes: number;
  readonly needsDone: boolean;
}

/** How a put ended. */
export type PutResult =
  | { readonly ended: 'put' | 'closed' }
  | { readonly ended: 'failed'; readonly error: unknown };

/** How a get ended. */
export type GetResult =
  | { readonly ended: 'got'; readonly value: unknown }
  | { readonly ended: 'closed' }
  | { readonly ended: 'unwanted'; readonly type: number; readonly length: number }
  | { readonly ended: 'failed'; readonly error: unknown };

export const anything: Demand = { types: 0xffff_ffff, maxLength: 0xffff_ffff };

/** What a member has of a pipe: those whose deaths the other side waits for. */
export const pipeEnd = { sends: 1, receives: 2 } as const;

interface Reasons {
  readonly items: () => string;
  readonly space: () => string;
}

const known = new WeakMap<SharedBlock, MessageQueue>();
const put: PutResult = { ended: 'put' };
const closed = { ended: 'closed' } as const;
/** Full, or empty. */
const refused = { ended: 'refused' } as const;
const rooms = { items: 0, space: 1, allDone: 2 } as const;
// A putter that waits for room in bytes is woken when there is a good deal: once for many items.
const worthWaking = 32 * 1024;
// So much has filled a ring, or drained one.
const worthTrimmingBytes = 64 * 1024;
const headerBytes = 16;

/** Undefined: somebody else is at it. */
type Tried<Result> = Result | typeof refused | undefined;

export class MessageQueue {
  readonly block: SharedBlock;
  /** Those who wait for an item. */
  readonly items: QueueRoom;
  /** Those who wait for room. */
  readonly space: QueueRoom;
  /** Those who wait until all is done. */
  readonly allDone: QueueRoom;
  readonly #member: Membership;
  readonly #offset: number;
  readonly #limitedByBytes: boolean;
  readonly #exchange: QueueExchange;
  readonly #encoder: Encoder;
  readonly #inbox: Inbox;
  readonly #words: Int32Array;
  readonly #held: number;
  #movedBytes = 0;
  /** What was taken already, for whoever takes next. */
  #told: GetResult | undefined;

  private constructor(block: SharedBlock, why: Reasons) {
    this.#member = member();
    this.block = block;
    this.#offset = offsetOfBlock(this.block);
    this.#exchange = exchangeOf(this.#member);
    this.#encoder = encodingTools(this.#member).encoder;
    this.#inbox = Inbox.of(this.#member);
    this.#words = new Int32Array(block.buffer);
    const { constants } = this.#member.addon;
    const [, maxItems, held] = this.#member.addon.queueShape(this.#offset);
    this.#limitedByBytes = maxItems === 0;
    this.#held = held;
    this.items = this.#room(rooms.items, constants.queuePuts, why.items, pipeEnd.sends);
    this.space = this.#room(rooms.space, constants.queueGets, why.space, pipeEnd.receives);
    const unfinished = (): string => `unfinished values: ${this.counts.unfinished}`;
    this.allDone = this.#room(rooms.allDone, constants.queueGets, unfinished, 0);
  }

  /**
   * A new one, or the one that a block is: an environment has one object for each, which knows who waits there. Throws
   * `ResourceError` when memory is out.
   */
  static of(shape: QueueShape | SharedBlock, why: Reasons): MessageQueue {
    const block = 'buffer' in shape ? shape : allocateQueueBlock(shape);
    const messages = known.get(block) ?? new MessageQueue(block, why);
    known.set(block, messages);
    return messages;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Items in it, at this moment. */
  get size(): number {
    return this.#member.addon.queueSize(this.#offset);
  }

  get counts(): QueueCounts {
    return this.#member.addon.queueCounts(this.#offset);
  }

  /** `isNow`: for who does not wait, and yet is not told that there is no room because others are just at it. */
  putting(item: OutgoingItem, isNow = false): Attempt<PutResult> {
    return {
      make: () => (isNow ? this.#soon(this.space, () => this.#put(item)) : this.tryPut(item)),
      isPossible: () => {
        const { start, end, cells } = item;
        return this.#member.addon.queueHasSpace(this.#offset, end - start, cells.length);
      },
    };
  }

  getting(demand: Demand, isNow = false): Attempt<GetResult> {
    return {
      make: () => (isNow ? this.#soon(this.items, () => this.#get(demand)) : this.tryGet(demand)),
      isPossible: () => this.#told !== undefined || this.#member.addon.queueHasItems(this.#offset),
    };
  }

  /** Undefined: there is no room, or somebody else is at it. */
  tryPut(item: OutgoingItem): PutResult | undefined {
    return unlessRefused(this.#put(item));
  }

  /** Whoever takes next in this environment is given this. */
  tellNext(got: GetResult): void {
    this.#told = got;
    this.items.lookNow();
  }

  /** Undefined: there is nothing, or somebody else is at it. */
  tryGet(demand: Demand): GetResult | undefined {
    return unlessRefused(this.#get(demand));
  }

  /** What this environment has taken is finished, where that is not said of each item. */
  finishTaken(): void {
    const words = this.#words;
    const held = this.#held;
    Atomics.store(words, held + 1, ((words[held] as number) - (words[held + 2] as number)) | 0);
  }

  close(): void {
    this.#member.addon.queueClose(this.#offset);
    this.wakeAll();
  }

  wakeAll(): void {
    this.items.wakeAll();
    this.space.wakeAll();
    this.allDone.wakeAll();
  }

  #soon<Result extends object>(room: QueueRoom, act: () => Tried<Result>): Result | undefined {
    return unlessRefused(act() ?? room.letOthersFinish(act));
  }

  #put(item: OutgoingItem): Tried<PutResult> {
    return this.#encoder.isBusy ? this.#putAside(item) : this.#putNow(item);
  }

  // From within a value that is just being encoded, into the exchange.
  #putAside(item: OutgoingItem): Tried<PutResult> {
    const { payload } = this.#exchange.put;
    const kept = payload.slice(0, item.end - item.start);
    try {
      return this.#putNow(item);
    } finally {
      payload.set(kept);
    }
  }

  #putNow(item: OutgoingItem): Tried<PutResult> {
    const { addon } = this.#member;
    layOut(this.#exchange.put, item);
    const outcome = addon.queuePut(this.#offset);
    if (outcome === 0) {
      this.items.wakeNext();
      if (this.space.isWanted && addon.queueHasSpace(this.#offset, 0, 0)) this.space.wakeNext();
      if (item.cells.length > 0) trimLater(addon);
      this.#count(item.end - item.start);
      return put;
    }
    const { constants } = addon;
    if (outcome === constants.queueBusy) return undefined;
    if (outcome === constants.queueFull) return refused;
    this.#passOn();
    if (outcome === constants.queueClosed) return closed;
    return { ended: 'failed', error: this.#errorOf(outcome, item.end - item.start) };
  }

  #get(demand: Demand): Tried<GetResult> {
    const told = this.#told;
    if (told !== undefined) {
      this.#told = undefined;
      return told;
    }
    if (!this.#inbox.isBusy) return this.#takeInto(this.#inbox, demand);
    return this.#inbox.aside((inbox) => this.#takeInto(inbox, demand));
  }

  #takeInto(inbox: Inbox, demand: Demand): Tried<GetResult> {
    const outcome = inbox.takeFrom(this.#offset, demand);
    const { constants } = this.#member.addon;
    if (outcome === constants.queueBusy) return undefined;
    if (outcome === constants.queueEmpty) return refused;
    this.#passOn();
    if (outcome === 0) {
      took();
      this.#count(inbox.payloadBytes);
      return open(inbox);
    }
    if (outcome === constants.queueClosed) return closed;
    if (outcome === constants.queueUnwanted) {
      return { ended: 'unwanted', type: inbox.type, length: inbox.length };
    }
    return { ended: 'failed', error: this.#errorOf(outcome, 0) };
  }

  // There may be more items, and more room; also after an attempt in vain, during which others were turned away, who sleep.
  #passOn(): void {
    const { addon } = this.#member;
    if (this.items.isWanted && addon.queueHasItems(this.#offset)) this.items.wakeNext();
    if (!this.space.isWanted) return;
    if (addon.queueHasSpace(this.#offset, this.#limitedByBytes ? worthWaking : 0, 0)) this.space.wakeNext();
  }

  // What a queue has grown by is free again once it was taken.
  #count(payloadBytes: number): void {
    this.#movedBytes += payloadBytes + headerBytes;
    if (this.#movedBytes < worthTrimmingBytes) return;
    this.#movedBytes = 0;
    trimLater(this.#member.addon);
  }

  /** `changes`: the word that does when there may be what is waited for. */
  #room(index: number, changes: number, why: () => string, ends: number): QueueRoom {
    const { addon } = this.#member;
    const { queueRooms, queueRoomBytes } = addon.constants;
    const place = queueRooms + index * queueRoomBytes;
    return new QueueRoom(
      { block: this.block, place },
      {
        why,
        changes: () => Atomics.load(this.#words, changes),
        lookOut: (seen, us) => addon.lookOut(this.#offset, changes, seen >>> 0, us),
        suspects: () => addon.queueSuspects(this.#offset, ends),
        reap: (slot) => void addon.reap(slot),
      },
    );
  }

  #errorOf(outcome: number, bytes: number): unknown {
    const { constants } = this.#member.addon;
    if (outcome < 0) return allocationError(constants, outcome, bytes);
    return new ForkyardError(
      'Another process wrote nonsense into the queue; nothing in it can be believed any more.',
      {
        code: 'ERR_FORKYARD_CORRUPT_MESSAGE',
      },
    );
  }
}

function open(inbox: Inbox): GetResult {
  try {
    return { ended: 'got', value: inbox.open() };
  } catch (error) {
    return { ended: 'failed', error };
  }
}

function unlessRefused<Result>(tried: Tried<Result>): Result | undefined {
  return tried === refused ? undefined : (tried as Result | undefined);
}
