// What goes into a queue or a pipe: a value or bytes, as the addon takes it. What comes out is incoming.ts.
import { inlineBytes, payloadInSlab } from '../channel/ring-layout.js';
import { detachEncoded, type EncodedMessage } from '../channel/ring-writer.js';
import { encodingTools } from '../channel/tools.js';
import { member } from '../family/membership.js';

/** What an item is; below 32. */
export const itemType = { value: 1, bytes: 2 } as const;

/** An item that is not in yet. Owns its cells. */
export interface OutgoingItem {
  readonly message: EncodedMessage;
  /** An `itemType`, and whether the payload is in a slab. */
  readonly type: number;
  /** Of bytes: how many. */
  readonly length: number;
}

const noBytes = new Uint8Array(0);

/** Throws `SerializationError` for what cannot be sent, `ResourceError` when memory is out; then nothing has happened. */
export function encodeValue(value: unknown): OutgoingItem {
  const { encoder, slabs } = encodingTools(member());
  const message = detachEncoded(encoder, slabs, value);
  return { message, type: itemType.value | message.flags, length: 0 };
}

/** The bytes may still be the caller's: `keep` them before they wait. */
export function encodeBytes(bytes: Uint8Array): OutgoingItem {
  if (bytes.length <= inlineBytes) {
    const message = { bytes, start: 0, end: bytes.length, cells: [], flags: 0 };
    return { message, type: itemType.bytes, length: bytes.length };
  }
  const cells = [encodingTools(member()).slabs.shareAlways(bytes)];
  const message = { bytes: noBytes, start: 0, end: 0, cells, flags: payloadInSlab };
  return { message, type: itemType.bytes | payloadInSlab, length: bytes.length };
}

/** The same item with bytes of its own. */
export function keep(item: OutgoingItem): OutgoingItem {
  if (item.type !== itemType.bytes) return item;
  return { ...item, message: { ...item.message, bytes: item.message.bytes.slice() } };
}

/** Of an item that will not be put. */
export function discard({ message }: OutgoingItem): void {
  for (const cell of message.cells) member().addon.release(cell);
}
