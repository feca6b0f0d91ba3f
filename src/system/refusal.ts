// What the system refused, as a ResourceError that says why and which right is missing.
// Arguments that are wrong whatever the rights are reported where they are checked.
import { readFileSync, statSync } from 'node:fs';
import { ResourceError } from '../errors.js';
import { describeTarget, type Target } from './target.js';

/** An error of the addon: `errno` is negative. */
export interface SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
}

export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'errno' in error && 'code' in error;
}

/** Runs a call of the addon. `missingRight` says what an EPERM or EACCES for a process of one's own is for want of. */
export function callSystem<T>(target: Target, call: () => T, missingRight: () => string = () => ''): T {
  try {
    return call();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw refusal(target, error, missingRight);
  }
}

/** The soft limit of RLIMIT_NICE or RLIMIT_RTPRIO; Infinity for "unlimited". */
export function priorityLimit(name: 'nice' | 'realtime'): number {
  const row = name === 'nice' ? 'Max nice priority' : 'Max realtime priority';
  const text = new RegExp(`^${row}\\s+(\\S+)`, 'm').exec(readText('/proc/self/limits'))?.[1];
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text ?? 0);
}

function refusal(target: Target, error: SystemError, missingRight: () => string): ResourceError {
  const details = { errno: Math.abs(error.errno), syscall: error.syscall, cause: error };
  const whom = describeTarget(target);
  const why = `(${error.code}, ${error.syscall})`;
  if (error.code === 'ESRCH') {
    const message = `${target.method}: there is no ${whom} ${why}`;
    return new ResourceError(message, { ...details, code: 'ERR_FORKYARD_NO_SUCH_PROCESS' });
  }
  if (error.code === 'EPERM' || error.code === 'EACCES') {
    const right = isOthers(target)
      ? `${whom} belongs to another user: that needs the capability CAP_SYS_NICE`
      : missingRight() || `${whom} may not be changed: a sandbox forbids the system call`;
    return new ResourceError(`${target.method}: ${right} ${why}`, {
      ...details,
      code: 'ERR_FORKYARD_PERMISSION',
    });
  }
  return new ResourceError(`${target.method}: ${whom}: ${error.message}`, details);
}

function isOthers({ id }: Target): boolean {
  if (id === 0 || id === process.pid) return false;
  try {
    // Its directory in /proc belongs to the user that it runs as, or to root if it may not be looked into.
    return statSync(`/proc/${id}`).uid !== process.geteuid?.();
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
