// The options of a Process, interpreted once, at the border.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { environmentOf, ownEnvironment } from '../forking/environment.js';
import { refuseUnknownOptions } from '../options/known-options.js';
import type { TaskTarget } from '../task/define-tasks.js';
import { referenceOf, type TaskReference } from '../task/reference.js';
import { resolveScheduling, type Scheduling, type SchedulingOptions } from './scheduling.js';
import { resolveStart } from './start-method/defaults.js';
import type { StartMethodName, StdioEntry } from './start-method/start-method.js';

/** What `new Process(options)` takes. */
export interface ProcessOptions<Args extends unknown[] = unknown[], Result = unknown>
  extends SchedulingOptions {
  /** What the process runs: a task. Left out by subclasses with a `run()` of their own. */
  readonly target?: TaskTarget<Args, Result> | undefined;
  readonly args?: Args | undefined;
  /** Default `Process-1`, `Process-2`, ...; below the main process with the parent's numbers in front. */
  readonly name?: string | undefined;
  /** A daemon does not keep the program alive and ends with it. Default: as the process that creates it. */
  readonly daemon?: boolean | undefined;
  /** The whole environment of the child. Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
  /** As in `child_process`, for the three standard streams. Default `'inherit'`. */
  readonly stdio?: StdioEntry | readonly [StdioEntry, StdioEntry, StdioEntry] | undefined;
  /** Flags for Node. Default: those of this process that make sense for another program. */
  readonly execArgv?: readonly string[] | undefined;
  /** How the process comes to be. Default: what `setStartMethod` says, else `'forkserver'`; with `execArgv` `'spawn'`. */
  readonly startMethod?: StartMethodName | undefined;
  /** Modules that a fork server imports once for all its children: URLs, paths, or packages. Default: `setForkserverPreload`. */
  readonly preload?: readonly (string | URL)[] | undefined;
  /** Terminates the process when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** What is needed to start a child, whoever it is for. */
export interface ResolvedProcessOptions {
  readonly name: string;
  readonly daemon: boolean;
  readonly scheduling: Scheduling;
  readonly env: string;
  readonly cwd: string | undefined;
  readonly stdio: readonly [StdioEntry, StdioEntry, StdioEntry];
  readonly execArgv: readonly string[] | undefined;
  readonly startMethod: StartMethodName;
  readonly preload: readonly string[];
  /** Default: that of this process. */
  readonly authkey?: Uint8Array | undefined;
}

/** The part that a Process adds. */
export interface ResolvedTarget {
  readonly target: TaskReference | undefined;
  readonly args: unknown[];
  readonly signal: AbortSignal | undefined;
}

const method = 'new Process';
const optionNames: readonly (keyof ProcessOptions)[] = [
  'target',
  'args',
  'name',
  'daemon',
  'env',
  'cwd',
  'stdio',
  'execArgv',
  'startMethod',
  'preload',
  'signal',
  'cpus',
  'priority',
  'scheduler',
];

export function resolveProcessOptions(
  options: ProcessOptions,
  defaults: { name: string; daemon: boolean },
): ResolvedProcessOptions & ResolvedTarget {
  if (typeof options !== 'object' || options === null) {
    throw argumentTypeError(method, 'options', 'an object such as { target, args }', options);
  }
  refuseUnknownOptions(method, options, optionNames);
  const {
    target,
    args = [],
    name = defaults.name,
    daemon = defaults.daemon,
    cwd,
    execArgv,
    signal,
  } = options;
  check(Array.isArray(args), 'args', 'an array', args);
  check(typeof name === 'string', 'name', 'a string', name);
  check(typeof daemon === 'boolean', 'daemon', 'a boolean', daemon);
  check(cwd === undefined || typeof cwd === 'string', 'cwd', 'a string', cwd);
  check(isStringArray(execArgv), 'execArgv', 'an array of strings', execArgv);
  check(signal === undefined || signal instanceof AbortSignal, 'signal', 'an AbortSignal', signal);
  return {
    name,
    daemon,
    scheduling: resolveScheduling(method, options),
    env: resolveEnv(method, options.env),
    cwd,
    stdio: resolveStdio(options.stdio),
    execArgv,
    ...resolveStart(method, options),
    target: target === undefined ? undefined : referenceOf(target as TaskTarget, method),
    args,
    signal,
  };
}

/** As the system has it: forking/environment.ts. */
export function resolveEnv(caller: string, env: unknown): string {
  if (env === undefined) return ownEnvironment();
  if (typeof env !== 'object' || env === null)
    throw argumentTypeError(caller, 'env', 'an object of strings', env);
  const withZero = Object.entries(env).find((entry) => entry.join().includes('\0'));
  if (withZero !== undefined)
    throw argumentRangeError(caller, 'env', 'without zero bytes, which end strings of the system', withZero);
  return environmentOf(env as Record<string, string | undefined>);
}

function resolveStdio(stdio: unknown = 'inherit'): [StdioEntry, StdioEntry, StdioEntry] {
  const entries = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio];
  const valid = (entry: unknown): boolean =>
    entry === 'inherit' ||
    entry === 'ignore' ||
    entry === 'pipe' ||
    (Number.isInteger(entry) && (entry as number) >= 0);
  check(
    entries.length === 3 && entries.every(valid),
    'stdio',
    "'inherit', 'ignore', 'pipe', a descriptor, or three of these",
    stdio,
  );
  return entries as [StdioEntry, StdioEntry, StdioEntry];
}

function isStringArray(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((entry) => typeof entry === 'string'));
}

function check(valid: boolean, name: string, expected: string, received: unknown): void {
  if (!valid) throw argumentTypeError(method, name, expected, received);
}
