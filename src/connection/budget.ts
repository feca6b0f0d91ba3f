// What messages of other programs may take of this one: of its heap, whose end is the end of the program, and of the mappings
// that the kernel gives a process (65,530), whose end is the same. Where it is asked is serialize/decode-state.ts.
import { getHeapStatistics } from 'node:v8';
import { collectGarbage } from '../forking/collect.js';
import type { StrangerBudget } from '../serialize/stranger-budget.js';

/** Of the heap's limit, which counts the room of young objects three times: beyond it the engine soon gives up. */
const heapShare = 0.6;
/** Resizable buffers that came from others and are alive, in this thread. Each takes two mappings. */
const maxBuffers = 4096;
/** How many of them a message may hold, whatever its length, and for how many of its bytes it may hold another. */
const freeBuffers = 16;
const bytesPerBuffer = 4096;

/** Smaller texts fit in, whatever they hold. */
const largeJsonBytes = 2 ** 20;
/** About what an empty object takes, and its place in an array. */
const bytesPerPart = 40;
const [comma, bracket, brace] = Buffer.from(',[{');

/** A collection that gave back less is not soon repeated. */
const usefulShare = 0.1;
const uselessMs = 1000;
let nextCollection = 0;

let buffers: WeakRef<ArrayBuffer>[] = [];

/** A budget for each message of a connection in turn. */
export class MessageBudget implements StrangerBudget {
  #buffersLeft = 0;

  begin(sizeBytes: number): void {
    this.#buffersLeft = freeBuffers + Math.floor(sizeBytes / bytesPerBuffer);
  }

  refuseHeap(sizeBytes: number): string | undefined {
    if (hasRoomFor(sizeBytes)) return undefined;
    collect(getUsedShare);
    if (hasRoomFor(sizeBytes)) return undefined;
    const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
    return (
      `it needs another ${megabytes(sizeBytes)} of a heap of ${megabytes(limit)} with ${megabytes(used)} in use; ` +
      'send less at once, lower maxFrameBytes, or start node with a larger --max-old-space-size'
    );
  }

  refuseMapping(): string | undefined {
    if (this.#buffersLeft === 0)
      return `it has more resizable buffers than one for each ${bytesPerBuffer} of its bytes; send typed arrays or Buffers`;
    // What they reserve is no memory yet, so the engine has no reason of its own to collect them.
    if (buffers.length >= maxBuffers) collect(countBuffers);
    if (buffers.length >= maxBuffers)
      return `${maxBuffers} resizable buffers of other programs are alive here already; send typed arrays or Buffers`;
    return undefined;
  }

  countMapping(buffer: ArrayBuffer): void {
    this.#buffersLeft--;
    buffers.push(new WeakRef(buffer));
  }
}

/** Why a message of JSON is not even parsed: the engine's parser asks nobody before it takes the heap. */
export function refuseJson(message: Uint8Array): string | undefined {
  if (message.length < largeJsonBytes) return undefined;
  let parts = 0;
  for (const byte of message) if (byte === comma || byte === bracket || byte === brace) parts++;
  const budget = new MessageBudget();
  budget.begin(message.length);
  return budget.refuseHeap(message.length * 2 + parts * bytesPerPart);
}

function hasRoomFor(sizeBytes: number): boolean {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  return used + sizeBytes <= limit * heapShare;
}

/**
 * What is used may be garbage, so it is collected before anything is refused. But to make this program collect is work as well: where
 * that was of little use, `used` (a share) being what it was, it is not done again for a while.
 */
function collect(used: () => number): void {
  if (performance.now() < nextCollection) return;
  const before = used();
  collectGarbage();
  if (before - used() < usefulShare) nextCollection = performance.now() + uselessMs;
}

function getUsedShare(): number {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  return used / limit;
}

function countBuffers(): number {
  buffers = buffers.filter((buffer) => buffer.deref() !== undefined);
  return buffers.length / maxBuffers;
}

function megabytes(sizeBytes: number): string {
  return `${Math.ceil(sizeBytes / 2 ** 20)} MiB`;
}
