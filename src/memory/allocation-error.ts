// What a failed allocation in the arena means, in words that say what to do.
import { ResourceError } from '../errors.js';
import type { AddonConstants } from '../native/contract.js';

/** What a negative result of an allocation means; `bytes` 0 where memory that is there already was to be had. */
export function allocationError(constants: AddonConstants, failure: number, bytes: number): Error {
  const wanted = `${bytes > 0 ? `${bytes} bytes of shared memory` : 'A shared object'} could not be had: `;
  switch (failure) {
    case constants.quotaExhausted:
      return new ResourceError(
        `${wanted}the family's quota is used up. Raise it with setMemoryLimit(), or send less at a time.`,
        { code: 'ERR_FORKYARD_QUOTA_EXCEEDED', syscall: 'allocate' },
      );
    case constants.ledgerFull:
      return new ResourceError(
        `${wanted}this thread holds 16,384 shared buffers, and no more are possible. Let go of some, and give the event loop a turn: it is there that those are returned that were collected.`,
        {
          code: 'ERR_FORKYARD_LEDGER_FULL',
          syscall: 'allocate',
        },
      );
    default:
      return new ResourceError(`${wanted}the arena has no free range of that length.`, {
        code: 'ERR_FORKYARD_ARENA_EXHAUSTED',
        syscall: 'allocate',
      });
  }
}
