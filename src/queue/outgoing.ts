// What goes into a queue or a pipe: a value or bytes, encoded. What comes out is incoming.ts.
import { inlineBytes, payloadInSlab } from '../channel/ring-layout.js';
import { copyBytes, detachEncoded, detachSpilled, type EncodedMessage } from '../channel/ring-writer.js';
import { encodingTools } from '../channel/tools.js';
import { member } from '../family/membership.js';
import { exchangeOf, type ItemArea, word } from './exchange.js';

/** What an item is; below 32. */
export const itemType = { value: 1, bytes: 2 } as const;

/** An item that is not in yet. Owns its cells. */
export interface OutgoingItem {
  /** Its payload is bytes[start, end). That of a fresh item is in the exchange: `keep` it before another is made. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly cells: readonly number[];
  /** An `itemType`, and whether the payload is in a slab. */
  readonly type: number;
  /** Of bytes: how many. */
  readonly length: number;
}

const noBytes = new Uint8Array(0);
const noCells: readonly number[] = [];

/** Throws `SerializationError` for what cannot be sent, `ResourceError` when memory is out; then nothing has happened. */
export function encodeValue(value: unknown): OutgoingItem {
  const own = member();
  const { encoder, slabs } = encodingTools(own);
  const bytes = exchangeOf(own).put.payload;
  slabs.beginMessage();
  encoder.encode(value, bytes, 0, bytes.length);
  if (encoder.spilled) return itemOf(detachSpilled(encoder, slabs));
  const cells = encoder.tokens.length === 0 ? noCells : [...encoder.tokens];
  return { bytes, start: 0, end: encoder.end, cells, type: itemType.value, length: 0 };
}

/** The same, of one that waits while others are made. */
export function encodeKept(value: unknown): OutgoingItem {
  const { encoder, slabs } = encodingTools(member());
  return itemOf(detachEncoded(encoder, slabs, value));
}

function itemOf({ bytes, start, end, cells, flags }: EncodedMessage): OutgoingItem {
  return { bytes, start, end, cells, type: itemType.value | flags, length: 0 };
}

/** The bytes stay the caller's: `keep` them before they wait. */
export function encodeBytes(bytes: Uint8Array): OutgoingItem {
  const { length } = bytes;
  if (length <= inlineBytes) {
    return { bytes, start: 0, end: length, cells: noCells, type: itemType.bytes, length };
  }
  const cells = [encodingTools(member()).slabs.shareAlways(bytes)];
  return { bytes: noBytes, start: 0, end: 0, cells, type: itemType.bytes | payloadInSlab, length };
}

/** The same item with bytes of its own. */
export function keep(item: OutgoingItem): OutgoingItem {
  if (item.bytes !== exchangeOf(member()).put.payload && item.type !== itemType.bytes) return item;
  return { ...item, bytes: item.bytes.slice(item.start, item.end), start: 0, end: item.end - item.start };
}

/** Into the exchange, for the addon to put. */
export function layOut({ words, payload }: ItemArea, item: OutgoingItem): void {
  const { bytes, start, end, cells } = item;
  if (bytes !== payload) copyBytes(item, payload, 0);
  words[word.type] = item.type;
  words[word.length] = item.length;
  words[word.payloadBytes] = end - start;
  words[word.cellCount] = cells.length;
  for (let index = 0; index < cells.length; index++) words[word.cells + index] = cells[index] as number;
}

/** Of an item that will not be put. */
export function discard({ cells }: OutgoingItem): void {
  for (const cell of cells) member().addon.release(cell);
}
