// One direction of a pipe: a queue between those who have the end that sends and those who have the end that receives, and how
// either notices that nobody has the other any more. Both directions together are pipe-connection.ts.
import { member } from '../family/membership.js';
import { type BlockHandle, closeBlock } from '../memory/shared-blocks.js';
import type { Demand } from '../queue/incoming.js';
import { queueKind } from '../queue/kinds.js';
import { type GetResult, MessageQueue, type PutResult, pipeEnd } from '../queue/message-queue.js';
import type { OutgoingItem } from '../queue/outgoing.js';
import type { Attempt, QueueRoom } from '../queue/queue-room.js';
import type { SharedBlock } from '../serialize/slabs.js';

const ringBytes = 128 * 1024;
// What lies beside the ring has no limit there.
const mostLargeItems = 16;

export const over = { ended: 'over' } as const;
/** How a get ended; over: nobody sends any more, or this end was closed. */
export type Received = GetResult | typeof over;
/** How a put ended; over: nobody receives any more, or this end was closed. */
export type Sent = PutResult | typeof over;

const why = { items: () => 'nothing has arrived', space: () => 'the pipe is full' };
const shape = {
  kind: queueKind.pipe,
  maxItems: 0,
  maxRings: 1,
  firstRingBytes: ringBytes,
  needsDone: false,
};

export class Way {
  readonly messages: MessageQueue;
  /** Where those of this end wait. */
  readonly room: QueueRoom;
  readonly #other: BlockHandle;
  readonly #end: number;
  #isShut = false;

  /** `other`: the end at the other side. */
  constructor(direction: 'sends' | 'receives', block: SharedBlock | undefined, other: BlockHandle) {
    this.messages = MessageQueue.of(block ?? shape, why);
    this.room = direction === 'sends' ? this.messages.space : this.messages.items;
    this.#other = other;
    this.#end = pipeEnd[direction];
    hold(this.messages.block);
    member().addon.queueEnds(this.messages.offset, this.#end, 0);
  }

  /** Undefined: there is nothing yet. */
  tryReceive(demand: Demand): Received | undefined {
    if (this.#isShut) return over;
    return this.messages.tryGet(demand) ?? (this.#isDrained ? over : undefined);
  }

  /** `isNow`: for who does not wait, as of a queue. */
  receiving(demand: Demand, isNow: boolean): Attempt<Received> {
    const getting = this.messages.getting(demand, isNow);
    return {
      make: () => (this.#isShut ? over : (getting.make() ?? (this.#isDrained ? over : undefined))),
      isPossible: () => this.isReadable,
    };
  }

  /** Whether there is something to receive, or the end. */
  get isReadable(): boolean {
    return this.#isShut || member().addon.queueHasItems(this.messages.offset) || this.#isDrained;
  }

  /** Undefined: there is no room yet. */
  trySend(item: OutgoingItem): Sent | undefined {
    if (this.#isBroken) return over;
    return this.#isHeldBack(item) ? undefined : this.messages.tryPut(item);
  }

  sending(item: OutgoingItem, isNow: boolean): Attempt<Sent> {
    const putting = this.messages.putting(item, isNow);
    return {
      make: () => (this.#isBroken ? over : this.#isHeldBack(item) ? undefined : putting.make()),
      isPossible: () => this.#isBroken || (!this.#isHeldBack(item) && putting.isPossible()),
    };
  }

  /** Those who wait here are told that it is over. */
  shut(): void {
    this.#isShut = true;
    this.room.lookNow();
    member().addon.queueEnds(this.messages.offset, 0, this.#end);
  }

  /** After the end was given up: those at the other side look whether it was the last. */
  leave(): void {
    this.messages.wakeAll();
    const { block } = this.messages;
    // What waited here is told in microtasks, and uses the block until then.
    setImmediate(() => letGo(block)).unref();
  }

  #isHeldBack({ cells }: OutgoingItem): boolean {
    return cells.length > 0 && this.messages.size >= mostLargeItems;
  }

  // First whether the other side is gone: what it sent before is there then, unless somebody is just taking it.
  get #isDrained(): boolean {
    return this.#isOtherGone && this.messages.size === 0;
  }

  get #isBroken(): boolean {
    return this.#isShut || this.#isOtherGone;
  }

  get #isOtherGone(): boolean {
    return member().addon.isBlockGone(this.#other.block, this.#other.generation);
  }
}

// Both ends of a pipe may be in one environment, which has one buffer for the block.
const holders = new WeakMap<SharedBlock, number>();

function hold(block: SharedBlock): void {
  holders.set(block, (holders.get(block) ?? 0) + 1);
}

function letGo(block: SharedBlock): void {
  const left = (holders.get(block) ?? 0) - 1;
  holders.set(block, left);
  if (left === 0) closeBlock(block);
}
