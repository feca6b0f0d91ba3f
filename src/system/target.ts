// Whom a call of this folder is about: the checks of `pid` and of its options, the same for all of them.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { checkOptions } from '../options/known-options.js';

export interface TargetOptions {
  /**
   * Default false: the process and all its threads (reading: its main thread). True: `pid` is the id of one thread, and 0
   * is the calling thread.
   */
  readonly thread?: boolean;
}

export interface Target {
  readonly method: string;
  /** 0 is this process or the calling thread. */
  readonly id: number;
  readonly thread: boolean;
}

const maxPid = 2 ** 31 - 1;

export function resolveTarget(method: string, pid: unknown, options: unknown = {}): Target {
  if (typeof pid !== 'number') throw argumentTypeError(method, 'pid', 'a number', pid);
  if (!Number.isInteger(pid) || pid < 0 || pid > maxPid) {
    throw argumentRangeError(method, 'pid', `a process id, or 0 for this process`, pid);
  }
  checkOptions(method, options, ['thread']);
  const thread: unknown = (options as TargetOptions).thread ?? false;
  if (typeof thread !== 'boolean') throw argumentTypeError(method, 'options.thread', 'a boolean', thread);
  return { method, id: pid, thread };
}

/** For messages: "this process", "process 12", "thread 12". */
export function describeTarget({ id, thread }: Target): string {
  const noun = thread ? 'thread' : 'process';
  return id === 0 || (id === process.pid && !thread) ? `this ${noun}` : `${noun} ${id}`;
}
