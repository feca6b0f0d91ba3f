// The nice value of a process or a thread: getPriority and setPriority.
// Scheduling policies and I/O priorities are scheduler.ts and io-priority.ts.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { loadAddon } from '../native/load.js';
import { callSystem, priorityLimit } from './refusal.js';
import { resolveTarget, type TargetOptions } from './target.js';

/** The nice value: -20 (runs first) to 19. Throws `ResourceError` (`ERR_FORKYARD_NO_SUCH_PROCESS`). */
export function getPriority(pid = 0, options?: TargetOptions): number {
  const target = resolveTarget('getPriority', pid, options);
  return callSystem(target, () => loadAddon().getNice(target.id, target.thread));
}

/**
 * Sets the nice value of all threads of the process by default (setpriority(2) acts on one). Anybody may raise it for
 * processes of their own. `ResourceError` with code `ERR_FORKYARD_PERMISSION` if a right is missing: the message says
 * which, `errno` is EACCES or EPERM.
 */
export function setPriority(pid: number, priority: number, options?: TargetOptions): void {
  const target = resolveTarget('setPriority', pid, options);
  const nice = checkNice('setPriority', 'priority', priority);
  callSystem(
    target,
    () => loadAddon().setNice(target.id, target.thread, nice),
    () => missingNiceRight(nice),
  );
}

/** Throws unless `value` is a nice value. */
export function checkNice(method: string, name: string, value: unknown): number {
  if (typeof value !== 'number') throw argumentTypeError(method, name, 'a number', value);
  if (!Number.isInteger(value) || value < -20 || value > 19) {
    throw argumentRangeError(method, name, 'a whole number from -20 to 19', value);
  }
  return value;
}

export function missingNiceRight(nice: number): string {
  return (
    `the nice value ${nice} is below the present one, and lowering it needs the capability CAP_SYS_NICE, ` +
    `or a limit RLIMIT_NICE of at least ${20 - nice} (it is ${priorityLimit('nice')})`
  );
}
