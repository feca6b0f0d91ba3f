// Which task and which of its items a worker is at, published in its task ring: so the pool can measure how long it has
// been at it, and say where a worker was that died. Read in process-backend.ts; nothing here is needed for correctness.
import type { Channel } from '../channel/channel.js';

let words: Int32Array | undefined;
let runningTask = 0;
let runningItem = 0;
let itemsBegun = 0;

/** What `beginTask` and `beginItem` tell from now on is told through this channel. */
export function publishItems({ inWords, constants }: Channel): void {
  words = inWords;
  runningTask = constants.ringRunningTask;
  runningItem = constants.ringRunningItem;
  itemsBegun = constants.ringItemsBegun;
}

/** The function of a task is about to be called. */
export function beginTask(id: number): void {
  if (words === undefined) return;
  words[runningItem] = -1;
  words[itemsBegun] = ((words[itemsBegun] as number) + 1) | 0;
  words[runningTask] = id + 1;
}

export function endTask(id: number): void {
  if (words !== undefined && words[runningTask] === id + 1) words[runningTask] = 0;
}

/** The running task begins with item `index` of its work: a time limit counts from here anew. No effect outside a worker. */
export function beginItem(index: number): void {
  if (words === undefined) return;
  words[runningItem] = index;
  words[itemsBegun] = ((words[itemsBegun] as number) + 1) | 0;
}
