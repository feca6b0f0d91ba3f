// The longest buffer of this Node. What is longer may be mapped, but not shown to JavaScript.
import { constants as bufferConstants } from 'node:buffer';
import { constants } from 'node:os';
import { ResourceError } from '../errors.js';

/** In bytes. */
export const longestBuffer = bufferConstants.MAX_LENGTH;

const tooBig = constants.errno.EFBIG;

/** Throws `ERR_FORKYARD_BUFFER_TOO_LONG`. */
export function checkBufferLength(bytes: number): void {
  if (bytes <= longestBuffer) return;
  throw new ResourceError(
    `${bytes} bytes are more than one buffer of this Node (${process.version}) can have, which is ${longestBuffer}: ` +
      'use several of them, or a newer Node.',
    { code: 'ERR_FORKYARD_BUFFER_TOO_LONG', errno: tooBig, syscall: 'allocate' },
  );
}
