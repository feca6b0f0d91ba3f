// On which processors and at which priority a process runs: checked in the parent, applied in the child before any
// user code. The calls themselves are system/.
import { checkCpus, setAffinity, usableCpus } from '../system/affinity.js';
import { checkNice, setPriority } from '../system/priority.js';
import { resolveScheduler, type Scheduler, type SchedulerSpec, setScheduler } from '../system/scheduler.js';

/** What a user asks for. */
export interface SchedulingOptions {
  /** CPUs that the process may run on. Default: those of its parent. */
  readonly cpus?: readonly number[] | undefined;
  /** Nice value, -20 (most favoured) to 19. */
  readonly priority?: number | undefined;
  readonly scheduler?: SchedulerSpec | undefined;
}

/** What a child applies to itself. */
export interface Scheduling {
  readonly cpus?: readonly number[];
  readonly priority?: number;
  readonly scheduler?: Scheduler;
}

/** Checks the options; `method` names the caller in errors. */
export function resolveScheduling(method: string, options: SchedulingOptions): Scheduling {
  const { cpus, priority, scheduler } = options;
  return {
    ...(cpus === undefined ? {} : { cpus: checkCpus(method, 'cpus', cpus, usableCpus()) }),
    ...(priority === undefined ? {} : { priority: checkNice(method, 'priority', priority) }),
    ...(scheduler === undefined ? {} : { scheduler: resolveScheduler(method, 'scheduler', scheduler) }),
  };
}

/** Applies it to every thread of this process; those that start later inherit it. */
export function applyScheduling({ cpus, priority, scheduler }: Scheduling): void {
  if (cpus !== undefined) setAffinity(0, cpus);
  if (scheduler !== undefined) setScheduler(0, scheduler as SchedulerSpec);
  if (priority !== undefined) setPriority(0, priority);
}
