// How a process ended, in Python's terms and in the system's.
import { constants } from 'node:os';
import { ProcessError } from '../errors.js';

const signalNames = new Map(
  // Of two names for one number the first is the usual one.
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);

/** How a process ended. `status-lost`: it has ended, and nobody could learn how. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly reason: 'exited' | 'signaled' | 'start-failed' | 'status-lost';
}

/** The status that Node reports of a child. */
export function exitStatusOf(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  if (signal !== null) return { code: null, signal, reason: 'signaled' };
  return code === null ? statusLost : { code, signal: null, reason: 'exited' };
}

/** It has ended, and nobody could learn how. */
export const statusLost: ExitStatus = { code: null, signal: null, reason: 'status-lost' };

/** The status that wait(2) reports. */
export function exitStatusOfWait(status: number): ExitStatus {
  const signal = status & 0x7f;
  if (signal === 0) return { code: (status >> 8) & 0xff, signal: null, reason: 'exited' };
  return {
    code: null,
    signal: signalNames.get(signal) ?? (`SIG${signal}` as NodeJS.Signals),
    reason: 'signaled',
  };
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

/** The error of a process that ended before its target had returned. */
export function endedEarly(name: string, pid: number | null, status: ExitStatus): ProcessError {
  return new ProcessError(`${name} ended with ${describeExit(status)} before its target had returned.`, {
    pid,
    exitCode: exitCodeOf(status),
    signal: status.signal,
  });
}
