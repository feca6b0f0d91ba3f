// Gives back received memory at once. Where much of it passes through a process, waiting for its collection would let
// hundreds of megabytes pile up.
import { member } from '../family/membership.js';

// Smaller ones are parts of buffers that others use as well (Buffer's pool).
const leastBytes = 16_384;

/** The bytes were received, nobody has another view of them, and nobody needs them any more: they become empty. */
export function releaseReceived(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (bytes.byteLength >= leastBytes && buffer instanceof ArrayBuffer) member().addon.detach(buffer);
}
