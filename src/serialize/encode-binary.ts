// Writes ArrayBuffers and views of them, in the message or, if large, in slabs of shared memory.
// Of a view only the viewed bytes are sent. Reading is in decode-binary.ts.
import { types } from 'node:util';
import { EncodeFailure, type EncodeState } from './encode-state.js';
import type { SharedBlock } from './slabs.js';
import { kSharedMemoryReason } from './unsupported.js';
import { byteKinds, kMaxResizableBytes, Tag } from './wire-format.js';

const kindNumbers = new Map<string, number>(byteKinds.map((name, number) => [name, number]));
const kArrayBufferKind = byteKinds.indexOf('ArrayBuffer');
const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype);
const typedArrayName = getterOf(typedArrayPrototype, Symbol.toStringTag);
const typedArrayParts = partsOf(typedArrayPrototype);
const dataViewParts = partsOf(DataView.prototype);

export function writeView(state: EncodeState, view: ArrayBufferView): void {
  const { bufferOf, offsetOf, lengthOf } = types.isTypedArray(view) ? typedArrayParts : dataViewParts;
  const buffer = bufferOf.call(view) as ArrayBuffer;
  if (types.isSharedArrayBuffer(buffer)) throw new EncodeFailure(view, kSharedMemoryReason);
  const length = lengthOf.call(view) as number;
  if (length === 0) checkAttached(view, buffer);
  if (!state.enter(view)) return;
  writeBinary(state, kindOf(view), new Uint8Array(buffer, offsetOf.call(view) as number, length));
}

export function writeArrayBuffer(state: EncodeState, buffer: ArrayBuffer | SharedArrayBuffer): void {
  if (types.isSharedArrayBuffer(buffer)) throw new EncodeFailure(buffer, kSharedMemoryReason);
  checkAttached(buffer, buffer as ArrayBuffer);
  if (!state.enter(buffer)) return;
  const bytes = new Uint8Array(buffer);
  const { resizable, maxByteLength } = buffer as ArrayBuffer & { resizable?: boolean; maxByteLength: number };
  if (resizable !== true) return writeBinary(state, kArrayBufferKind, bytes);
  if (maxByteLength > kMaxResizableBytes) {
    throw new EncodeFailure(buffer, 'its maxByteLength is above 1 GiB; send a copy that is not resizable');
  }
  state.writeByte(Tag.ResizableBuffer);
  state.writeLength(maxByteLength);
  state.writeLength(bytes.length);
  state.writeBytes(bytes);
}

export function writeSharedBlock(state: EncodeState, block: SharedBlock): void {
  if (state.slabs === undefined) throw new EncodeFailure(block, 'shared memory stays inside its family');
  if (!state.enter(block)) return;
  const token = state.slabs.refer(block);
  if (token < 0) throw new EncodeFailure(block, 'there are too many shared objects in one message');
  state.tokens.push(token);
  state.writeByte(Tag.SharedBlock);
}

function writeBinary(state: EncodeState, kind: number, bytes: Uint8Array): void {
  const { slabs } = state;
  const token = slabs !== undefined && bytes.length >= state.outOfBandBytes ? slabs.share(bytes) : -1;
  const isShared = token >= 0;
  if (isShared) state.tokens.push(token);
  state.writeByte(isShared ? Tag.SharedBytes : Tag.Bytes);
  state.writeByte(kind);
  state.writeLength(bytes.length);
  if (!isShared) state.writeBytes(bytes);
}

function kindOf(view: ArrayBufferView): number {
  if (Buffer.isBuffer(view)) return byteKinds.indexOf('Buffer');
  const name = types.isTypedArray(view) ? (typedArrayName.call(view) as string) : 'DataView';
  const kind = kindNumbers.get(name);
  if (kind === undefined)
    throw new EncodeFailure(view, `a ${name} is not known here; send its bytes as a Uint8Array`);
  return kind;
}

// A detached buffer has length 0 but cannot be viewed.
function checkAttached(offender: object, buffer: ArrayBuffer): void {
  try {
    new Uint8Array(buffer, 0, 0);
  } catch {
    throw new EncodeFailure(
      offender,
      'its buffer was transferred away (detached); send it before, or send a copy',
    );
  }
}

function partsOf(prototype: object) {
  return {
    bufferOf: getterOf(prototype, 'buffer'),
    offsetOf: getterOf(prototype, 'byteOffset'),
    lengthOf: getterOf(prototype, 'byteLength'),
  };
}

function getterOf(prototype: object, name: string | symbol): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => unknown;
}
