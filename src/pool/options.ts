// The options of a Pool and of its calls, interpreted once, at the border.
import { argumentTypeError } from '../errors.js';
import { noSpinning, type SpinSettings } from '../family/spinning.js';
import { refuseUnknownOptions } from '../options/known-options.js';
import { countOf, duration, wholeNumber } from '../options/values.js';
import { resolveEnv } from '../process/options.js';
import { resolveScheduling, type Scheduling } from '../process/scheduling.js';
import { resolveStart } from '../process/start-method/defaults.js';
import { prepareForkserver } from '../process/start-method/forkserver.js';
import type { StartMethodName } from '../process/start-method/start-method.js';
import { cpuCount } from '../system/cpu-count.js';
import { type CpuSpec, resolveCpus } from '../system/resolve-cpus.js';
import type { SchedulerSpec } from '../system/scheduler.js';
import type { TaskTarget } from '../task/define-tasks.js';
import { referenceOf, type TaskReference } from '../task/reference.js';
import type { CallLimits } from './calls.js';

/** What `new Pool(options)` takes; a number is `{ processes }`. */
export interface PoolOptions {
  /** Number of workers. Default: the CPUs that this process may use. */
  readonly processes?: number | undefined;
  /** A task that each worker runs before any other, with `initargs`. If it fails, the pool is broken. */
  // biome-ignore lint/suspicious/noExplicitAny: any task will do, its arguments are checked against nothing here
  readonly initializer?: TaskTarget<any[], unknown> | undefined;
  readonly initargs?: readonly unknown[] | undefined;
  /** How many asynchronous tasks one worker overlaps. Default 1. */
  readonly concurrency?: number | undefined;
  /** One list of CPUs for all workers, one list per worker, `'spread'` or `'compact'`. */
  readonly cpus?: CpuSpec | undefined;
  /** Nice value of the workers, -20 to 19. */
  readonly priority?: number | undefined;
  readonly scheduler?: SchedulerSpec | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How the workers come to be. Default: what `setStartMethod` says, else `'forkserver'`. */
  readonly startMethod?: StartMethodName | undefined;
  /** Modules that a fork server imports once for all workers: URLs, paths, or packages. Default: `setForkserverPreload`. */
  readonly preload?: readonly (string | URL)[] | undefined;
  /** Where the workers' standard output goes: to that of this process, as what they print to standard error does, or there. */
  readonly stdout?: 'inherit' | 'stderr' | undefined;
  /** In front of the workers' numbers: `NAME-1`, ... Default `PoolWorker`. */
  readonly name?: string | undefined;
  /** Deaths of workers in a row, without a result in between, after which the pool gives up. Default 4 per worker, at least 8. */
  readonly restartBudget?: number | undefined;
  /**
   * Microseconds for which the pool and its workers look for messages before they sleep, if it has paid lately and a
   * processor is free for it: waking a sleeper costs more than a short task. 0: they sleep at once. Default 50.
   */
  readonly spin?: number | undefined;
  /** Milliseconds that a task may run, unless its call says otherwise: see `CallOptions.timeout`. Default: no limit. */
  readonly taskTimeout?: number | undefined;
  /**
   * Milliseconds for which a call with a `timeout` waits for a worker to become ready (its initializer included), beyond that
   * timeout: then it rejects with `TaskTimeoutError`. Calls without a limit wait. Default 60,000; `Infinity`: they wait, too.
   */
  readonly startTimeout?: number | undefined;
  /** How often a failed task is run again, unless its call says otherwise: see `CallOptions.retries`. Default 0. */
  readonly retries?: number | undefined;
}

export interface ResolvedPoolOptions {
  readonly processes: number;
  readonly initializer: TaskReference | undefined;
  readonly initargs: unknown[];
  readonly concurrency: number;
  /** One entry per worker. */
  readonly scheduling: readonly Scheduling[];
  readonly env: string;
  readonly startMethod: StartMethodName;
  readonly preload: readonly string[];
  readonly stdout: 'inherit' | 'stderr';
  readonly name: string;
  readonly restartBudget: number;
  readonly limits: CallLimits;
  readonly startTimeoutMs: number;
  readonly spin: SpinSettings;
}

const defaultSpinUs = 50;
const defaultStartTimeoutMs = 60_000;
const longestSpinUs = 10_000;
const method = 'new Pool';
const optionNames: readonly (keyof PoolOptions)[] = [
  'processes',
  'initializer',
  'initargs',
  'concurrency',
  'cpus',
  'priority',
  'scheduler',
  'env',
  'startMethod',
  'preload',
  'stdout',
  'name',
  'restartBudget',
  'spin',
  'taskTimeout',
  'startTimeout',
  'retries',
];

/**
 * Begins to start the fork server as soon as nothing can be wrong with the options: that takes longest. `second`: what a caller
 * gave besides, as in Python's `Pool(4, initializer)`.
 */
export function resolvePoolOptions(given: number | PoolOptions = {}, second?: unknown): ResolvedPoolOptions {
  if (second !== undefined) {
    throw argumentTypeError(method, 'options', 'the only argument: { processes: 4, initializer }', second);
  }
  const options: PoolOptions = typeof given === 'number' ? { processes: given } : given;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw argumentTypeError(method, 'options', 'a number of processes or an object', given);
  }
  refuseUnknownOptions(method, options, optionNames);
  const {
    initializer,
    initargs = [],
    name = 'PoolWorker',
    stdout = 'inherit',
    taskTimeout = Infinity,
    retries = 0,
  } = options;
  const processes = wholeNumber(method, 'processes', options.processes ?? cpuCount());
  if (!Array.isArray(initargs)) throw argumentTypeError(method, 'initargs', 'an array', initargs);
  if (typeof name !== 'string') throw argumentTypeError(method, 'name', 'a string', name);
  if (stdout !== 'inherit' && stdout !== 'stderr')
    throw argumentTypeError(method, 'stdout', "'inherit' or 'stderr'", stdout);
  const { priority, scheduler } = options;
  const common = resolveScheduling(method, { priority, scheduler });
  const cpus = options.cpus === undefined ? undefined : resolveCpus(options.cpus, processes, { method });
  const checked = {
    processes,
    initializer: initializer === undefined ? undefined : referenceOf(initializer as TaskTarget, method),
    initargs: [...initargs],
    concurrency: wholeNumber(method, 'concurrency', options.concurrency ?? 1),
    scheduling: Array.from({ length: processes }, (_, index) => {
      const own = cpus?.[index];
      return own === undefined ? common : { ...common, cpus: own };
    }),
    env: resolveEnv(method, options.env),
    ...resolveStart(method, { startMethod: options.startMethod, preload: options.preload }),
    stdout,
    name,
    restartBudget: wholeNumber(method, 'restartBudget', options.restartBudget ?? Math.max(8, 4 * processes)),
    limits: {
      timeoutMs: duration(method, 'taskTimeout', taskTimeout),
      retries: countOf(method, 'retries', retries),
    },
    startTimeoutMs: duration(method, 'startTimeout', options.startTimeout ?? defaultStartTimeoutMs),
  };
  const spinUs = countOf(method, 'spin', options.spin === undefined ? defaultSpinUs : options.spin);
  if (checked.startMethod === 'forkserver') prepareForkserver(checked.preload, checked.env);
  return { ...checked, spin: spinFor(spinUs) };
}

// A spinner needs a processor that nobody else needs: with one, there is none.
function spinFor(us: number): SpinSettings {
  const members = cpuCount();
  return members < 2 ? noSpinning : { us: Math.min(us, longestSpinUs), members };
}
