// How a process ended, in Python's terms and in the system's.
import { constants } from 'node:os';

/** How a process ended. `status-lost`: it has ended, and nobody could learn how. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly reason: 'exited' | 'signaled' | 'start-failed' | 'status-lost';
}

/** The status that Node reports of a child. */
export function exitStatusOf(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  if (signal !== null) return { code: null, signal, reason: 'signaled' };
  return code === null
    ? { code: null, signal: null, reason: 'status-lost' }
    : { code, signal: null, reason: 'exited' };
}

/** Python's `exitcode`: 0 to 255, or the negative number of the signal; null if it was lost. */
export function exitCodeOf(status: ExitStatus): number | null {
  if (status.signal !== null) return -constants.signals[status.signal];
  return status.code;
}

/** For messages: `exit code 3`, `signal SIGKILL`. */
export function describeExit(status: ExitStatus): string {
  if (status.signal !== null) return `signal ${status.signal}`;
  return status.code === null ? 'an unknown status' : `exit code ${status.code}`;
}
