// The scheduling policy of a process or a thread (sched(7)): getScheduler and setScheduler.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { loadAddon } from '../native/load.js';
import { callSystem, priorityLimit } from './refusal.js';
import { resolveTarget, type Target, type TargetOptions } from './target.js';

/** `deadline` can be read, not set. */
export type SchedulerPolicy = 'other' | 'batch' | 'idle' | 'fifo' | 'rr' | 'deadline';

export interface Scheduler {
  readonly policy: SchedulerPolicy;
  /** 1 to 99 (runs first) for `fifo` and `rr`, 0 for the others. */
  readonly priority: number;
}

/** A policy, or a policy with a priority (default 1 for `fifo` and `rr`). */
export type SchedulerSpec =
  | Exclude<SchedulerPolicy, 'deadline'>
  | { readonly policy: Exclude<SchedulerPolicy, 'deadline'>; readonly priority?: number };

/** Throws `ResourceError` (`ERR_FORKYARD_NO_SUCH_PROCESS`). */
export function getScheduler(pid = 0, options?: TargetOptions): Scheduler {
  const target = resolveTarget('getScheduler', pid, options);
  const addon = loadAddon();
  const { policy, priority } = callSystem(target, () => addon.getScheduler(target.id, target.thread));
  const name = Object.entries(addon.systemConstants.schedulerPolicies).find(
    ([, number]) => number === policy,
  );
  // A policy that the kernel got after this was written is scheduled like the ordinary one where it is unknown.
  return { policy: (name?.[0] ?? 'other') as SchedulerPolicy, priority };
}

/**
 * Sets the policy of all threads of the process by default (sched_setscheduler(2) acts on one). `other`, `batch` and
 * `idle` need no right. `ResourceError` with code `ERR_FORKYARD_PERMISSION` (EPERM) says which right is missing.
 */
export function setScheduler(pid: number, scheduler: SchedulerSpec, options?: TargetOptions): void {
  const target = resolveTarget('setScheduler', pid, options);
  const { policy, priority } = resolveScheduler('setScheduler', 'scheduler', scheduler);
  const addon = loadAddon();
  const number = addon.systemConstants.schedulerPolicies[policy];
  callSystem(
    target,
    () => addon.setScheduler(target.id, target.thread, number, priority),
    () => missingRight(target, { policy, priority }),
  );
}

const settablePolicies = ['other', 'batch', 'idle', 'fifo', 'rr'];

/** The spec with its default filled in. Throws `TypeError` or `RangeError`. */
export function resolveScheduler(method: string, name: string, spec: unknown): Scheduler {
  if (typeof spec !== 'string' && (typeof spec !== 'object' || spec === null)) {
    throw argumentTypeError(method, name, 'the name of a policy or an object { policy, priority }', spec);
  }
  const { policy, priority }: { policy?: unknown; priority?: unknown } =
    typeof spec === 'string' ? { policy: spec } : spec;
  const policyName = typeof spec === 'string' ? name : `${name}.policy`;
  if (typeof policy !== 'string') throw argumentTypeError(method, policyName, 'a string', policy);
  if (!settablePolicies.includes(policy)) {
    throw argumentRangeError(method, policyName, `one of ${settablePolicies.join(', ')}`, policy);
  }
  const isRealtime = policy === 'fifo' || policy === 'rr';
  const resolved = priority ?? (isRealtime ? 1 : 0);
  if (typeof resolved !== 'number') throw argumentTypeError(method, `${name}.priority`, 'a number', resolved);
  const [lowest, highest] = isRealtime ? [1, 99] : [0, 0];
  if (!Number.isInteger(resolved) || resolved < lowest || resolved > highest) {
    const range = isRealtime ? 'a whole number from 1 to 99' : '0';
    throw argumentRangeError(method, `${name}.priority`, `${range} for the policy '${policy}'`, resolved);
  }
  return { policy: policy as SchedulerPolicy, priority: resolved };
}

function missingRight(target: Target, { policy, priority }: Scheduler): string {
  if (policy === 'fifo' || policy === 'rr') {
    return (
      `the real-time policy '${policy}' with priority ${priority} needs the capability CAP_SYS_NICE, or a limit ` +
      `RLIMIT_RTPRIO of at least ${priority} (it is ${priorityLimit('realtime')}); with the capability, a control ` +
      'group without a real-time budget (cpu.rt_runtime_us) still refuses it'
    );
  }
  const nice = loadAddon().getNice(
    target.id === 0 && !target.thread ? process.pid : target.id,
    target.thread,
  );
  return (
    `leaving its present policy for '${policy}' needs the capability CAP_SYS_NICE, or a limit RLIMIT_NICE of at least ` +
    `${20 - nice} (it is ${priorityLimit('nice')})`
  );
}
