// What a stranger may put on the wire by hand, in Forkyard's encoding, without the encoder's manners.
import { Tag } from '../../lib/serialize/wire-format.js';

export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

/** An array of so many times the same encoding. */
export function repeated(unit: readonly number[], count: number): Uint8Array {
  const head = [Tag.Array, ...varint(count)];
  const bytes = new Uint8Array(head.length + unit.length * count + 1);
  bytes.set(head);
  for (let index = 0; index < count; index++) bytes.set(unit, head.length + index * unit.length);
  bytes[bytes.length - 1] = Tag.End;
  return bytes;
}

/** A BigInt of so many bytes. */
export function bigInt(sizeBytes: number): Uint8Array {
  const head = [Tag.BigInt, 0, ...varint(sizeBytes)];
  const bytes = new Uint8Array(head.length + sizeBytes).fill(0xa5);
  bytes.set(head);
  return bytes;
}

/** Errors in each other's `cause`, of which each claims as many objects as its frame has bytes; the innermost frame is no value. */
export function nestedErrors(depth: number, sizeBytes: number): Uint8Array {
  // Tag, origin, flags (a cause), an empty name; then the frame's header.
  const head = [Tag.Error, 0, 8, 0x40];
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (let level = 0; level < depth; level++) {
    bytes.set(head, at);
    // Its own End, and those of all that it is in.
    const size = sizeBytes - at - head.length - 12 - (level + 1);
    view.setUint32(at + 4, size, true);
    view.setUint32(at + 8, level % 2 === 0 ? 0 : size, true);
    at += head.length + 12;
  }
  bytes.fill(Tag.End, sizeBytes - depth);
  return bytes;
}
