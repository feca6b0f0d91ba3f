// What the addon offers of queues (native/binding/bind_queue.cc). A *queue* is the offset of its block; an outcome is one of
// the constants `queue...`, 0 for done, or a negative failure to allocate. Everything else is contract.ts.

/** Who a queue adds up to, at one moment. */
export interface QueueCounts {
  /** Items that were put and neither finished nor lost. */
  readonly unfinished: number;
  /** Items whose takers died with them in their hands. */
  readonly lost: number;
  readonly isClosed: boolean;
}

export interface QueueAddon {
  /** The cell of a new one, or a negative failure. */
  createQueue(
    kind: number,
    maxItems: number,
    maxRings: number,
    firstRingBytes: number,
    needsDone: boolean,
  ): number;
  /** Memory that passes each item: native/binding/queue_exchange.h. */
  queueExchange(): ArrayBuffer;
  /** Puts the item of the exchange in. Its cells are handed over if the outcome is 0. */
  queuePut(queue: number): number;
  /** Takes the next item, if it is wanted, into the exchange, which says before what is wanted. */
  queueTake(queue: number): number;
  /** Whether `queueTake` would come to something: an item, or the end. */
  queueHasItems(queue: number): boolean;
  /** Whether `queuePut` would. */
  queueHasSpace(queue: number, payloadBytes: number, cells: number): boolean;
  queueClose(queue: number): void;
  /** What this environment has taken of any queue is finished, where that is not said of each item. */
  queueFinishAll(): void;
  /** One of the items that this environment has taken is finished. False: it has none. */
  queueDone(queue: number): boolean;
  queueCounts(queue: number): QueueCounts;
  /** The slots of others that, if they were dead, would be missed: at work, with items, or with one of those ends. */
  queueSuspects(queue: number, ends: number): number[];
  queueEnds(queue: number, added: number, removed: number): void;
  /** Items in it. */
  queueSize(queue: number): number;
  /**
   * `[kind, maxItems, held]`: as it was made, and the word of its buffer at which `got` of this environment is; `done` and `lost`
   * are the next two.
   */
  queueShape(queue: number): [number, number, number];
  /** Whether nobody refers to that life of the block any more. */
  isBlockGone(block: number, generation: number): boolean;
  /** A slab as a buffer that holds the cell from now on, or as a copy. */
  receiveCell(cell: number, copies: boolean): ArrayBuffer;
  /** A slab, for as long as the cell is kept. */
  borrowCell(cell: number): ArrayBuffer;
}
