// Pipe: two connections that belong together, over shared memory. Python: multiprocessing.Pipe.
import type { Connection } from '../connection/connection.js';
import { argumentTypeError } from '../errors.js';
import { refuseUnknownOptions } from '../options/known-options.js';
import { makePipe } from './pipe-connection.js';

/** What `Pipe` takes. */
export interface PipeOptions {
  /** Whether both ends send and receive. Otherwise the first receives and the second sends, as in Python. Default: true. */
  readonly duplex?: boolean | undefined;
}

/**
 * The two ends of a new pipe. Send them to other processes; and close here what another process is to have alone, for an end counts as
 * open as long as anybody has it. Throws `ResourceError` when shared memory is used up.
 */
export function Pipe(options: boolean | PipeOptions = {}): [Connection, Connection] {
  const method = 'Pipe';
  if (typeof options === 'boolean') return makePipe(options);
  if (typeof options !== 'object' || options === null) {
    throw argumentTypeError(method, 'options', 'an object such as { duplex: false }', options);
  }
  refuseUnknownOptions(method, options, ['duplex']);
  const { duplex = true } = options;
  if (typeof duplex !== 'boolean') throw argumentTypeError(method, 'duplex', 'a boolean', duplex);
  return makePipe(duplex);
}
