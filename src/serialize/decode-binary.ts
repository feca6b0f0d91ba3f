// Reads ArrayBuffers and views: from the message into memory of their own, from slabs as views of the shared memory.
// Writing is in encode-binary.ts.
import type { DecodeState } from './decode-state.js';
import { byteKinds } from './wire-format.js';

type ViewConstructor = {
  new (buffer: ArrayBuffer, offset: number, length: number): ArrayBufferView;
  readonly BYTES_PER_ELEMENT?: number;
};

// A kind that this Node does not have (Float16Array before 24) cannot be read.
const constructors = byteKinds.map((name) => Reflect.get(globalThis, name) as ViewConstructor | undefined);

export function readBytes(state: DecodeState): object {
  const kind = state.readByte();
  const size = state.readLength();
  const start = state.claimBytes(size);
  const source = state.bytes.subarray(start, start + size);
  if (byteKinds[kind] === 'Buffer') return state.keep(Buffer.from(source));
  const bytes = new Uint8Array(size);
  bytes.set(source);
  if (byteKinds[kind] === 'Uint8Array') return state.keep(bytes);
  return state.keep(
    byteKinds[kind] === 'ArrayBuffer' ? bytes.buffer : viewOf(state, kind, bytes.buffer, size),
  );
}

export function readSharedBytes(state: DecodeState): object {
  const kind = state.readByte();
  const size = state.readLength();
  const buffer = state.takeSlab(size);
  if (byteKinds[kind] === 'Buffer') return state.keep(Buffer.from(buffer, 0, size));
  if (byteKinds[kind] !== 'ArrayBuffer') return state.keep(viewOf(state, kind, buffer, size));
  // A buffer is as long as it is; only a view can be a part of a slab.
  return state.keep(buffer.byteLength === size ? buffer : buffer.slice(0, size));
}

export function readResizableBuffer(state: DecodeState): object {
  const maxByteLength = state.readLength();
  const size = state.readLength();
  if (size > maxByteLength) throw state.corrupt('a resizable buffer is longer than its limit');
  const start = state.claimBytes(size);
  state.claimResizable(maxByteLength);
  const Resizable = ArrayBuffer as new (size: number, options: { maxByteLength: number }) => ArrayBuffer;
  const buffer = new Resizable(size, { maxByteLength });
  state.countResizable(buffer);
  new Uint8Array(buffer).set(state.bytes.subarray(start, start + size));
  return state.keep(buffer);
}

function viewOf(state: DecodeState, kind: number, buffer: ArrayBuffer, size: number): ArrayBufferView {
  const View = constructors[kind];
  if (View === undefined) throw state.corrupt('a kind of binary data is unknown');
  const elementSize = View.BYTES_PER_ELEMENT ?? 1;
  if (size % elementSize !== 0)
    throw state.corrupt('the size of a typed array is no multiple of its elements');
  return new View(buffer, 0, size / elementSize);
}
