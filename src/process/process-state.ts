// The states of a Process, and the error of a method that is called in the wrong one.
// Which method wants which state is said in process.ts.
import { ForkyardError } from '../errors.js';

export type ProcessState = 'initial' | 'starting' | 'running' | 'ended' | 'closed';

/** `member`: of Process; `remedy`: what to do. */
export function stateError(member: string, state: ProcessState, remedy: string): ForkyardError {
  return new ForkyardError(`Process.${member} while ${state}: ${remedy}.`, {
    code: state === 'closed' ? 'ERR_FORKYARD_PROCESS_CLOSED' : 'ERR_FORKYARD_PROCESS_STATE',
  });
}
