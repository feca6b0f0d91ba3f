// The I/O priority of a process or a thread (ioprio_set(2)): getIoPriority and setIoPriority.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { loadAddon } from '../native/load.js';
import { callSystem } from './refusal.js';
import { resolveTarget, type TargetOptions } from './target.js';

/** `none`: derived from the nice value. */
export type IoPriorityClass = 'none' | 'realtime' | 'best-effort' | 'idle';

export interface IoPriority {
  readonly class: IoPriorityClass;
  /** 0 (served first) to 7 for `realtime` and `best-effort`, 0 for the others. */
  readonly level: number;
}

/** A class, or a class with a level (default 4 for `realtime` and `best-effort`). */
export type IoPrioritySpec = IoPriorityClass | { readonly class: IoPriorityClass; readonly level?: number };

/** Throws `ResourceError` (`ERR_FORKYARD_NO_SUCH_PROCESS`). */
export function getIoPriority(pid = 0, options?: TargetOptions): IoPriority {
  const target = resolveTarget('getIoPriority', pid, options);
  const addon = loadAddon();
  const priority = callSystem(target, () => addon.getIoPriority(target.id, target.thread));
  const name = Object.entries(addon.systemConstants.ioClasses).find(
    ([, number]) => number === priority.class,
  );
  return { class: (name?.[0] ?? 'none') as IoPriorityClass, level: priority.level };
}

/**
 * Sets the I/O priority of all threads of the process by default (ioprio_set(2) acts on one). Only `realtime` needs a
 * right: `ResourceError` with code `ERR_FORKYARD_PERMISSION` (EPERM) says which.
 */
export function setIoPriority(pid: number, priority: IoPrioritySpec, options?: TargetOptions): void {
  const target = resolveTarget('setIoPriority', pid, options);
  const resolved = resolveIoPriority('setIoPriority', 'priority', priority);
  const addon = loadAddon();
  const number = addon.systemConstants.ioClasses[resolved.class];
  callSystem(
    target,
    () => addon.setIoPriority(target.id, target.thread, number, resolved.level),
    () =>
      `the I/O class '${resolved.class}' needs the capability CAP_SYS_ADMIN, or from Linux 5.14 CAP_SYS_NICE`,
  );
}

const classes = ['none', 'realtime', 'best-effort', 'idle'];

/** The spec with its default filled in. Throws `TypeError` or `RangeError`. */
export function resolveIoPriority(method: string, name: string, spec: unknown): IoPriority {
  if (typeof spec !== 'string' && (typeof spec !== 'object' || spec === null)) {
    throw argumentTypeError(method, name, 'the name of a class or an object { class, level }', spec);
  }
  const { class: ioClass, level }: { class?: unknown; level?: unknown } =
    typeof spec === 'string' ? { class: spec } : spec;
  const className = typeof spec === 'string' ? name : `${name}.class`;
  if (typeof ioClass !== 'string') throw argumentTypeError(method, className, 'a string', ioClass);
  if (!classes.includes(ioClass)) {
    throw argumentRangeError(method, className, `one of ${classes.join(', ')}`, ioClass);
  }
  const hasLevel = ioClass === 'realtime' || ioClass === 'best-effort';
  const resolved = level ?? (hasLevel ? 4 : 0);
  if (typeof resolved !== 'number') throw argumentTypeError(method, `${name}.level`, 'a number', resolved);
  if (!Number.isInteger(resolved) || resolved < 0 || resolved > (hasLevel ? 7 : 0)) {
    const range = hasLevel ? 'a whole number from 0 to 7' : '0';
    throw argumentRangeError(method, `${name}.level`, `${range} for the class '${ioClass}'`, resolved);
  }
  return { class: ioClass as IoPriorityClass, level: resolved };
}
