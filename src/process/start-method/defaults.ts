// How processes are started unless it is said otherwise: Python's set_start_method and set_forkserver_preload.
import { argumentRangeError, argumentTypeError, ForkyardError } from '../../errors.js';
import { checkOptions } from '../../options/known-options.js';
import { prewarmForkserver } from './forkserver.js';
import { startMethodNames } from './methods.js';
import type { StartMethodName } from './start-method.js';

const defaultMethod = startMethodNames[0] as StartMethodName;
let chosen: StartMethodName | undefined;
let chosenPreload: readonly string[] = [];

/** The start methods of this system, the default first. */
export function getAllStartMethods(): StartMethodName[] {
  return [...startMethodNames];
}

/** How processes are started here: what `setStartMethod` said, else the variable FORKYARD_START_METHOD, else forkserver. */
export function getStartMethod(): StartMethodName {
  return chosen ?? nameInEnvironment();
}

function nameInEnvironment(): StartMethodName {
  const value = process.env['FORKYARD_START_METHOD'];
  return value === undefined || value === ''
    ? defaultMethod
    : checkStartMethod('FORKYARD_START_METHOD', value);
}

/** What `prewarm` takes: the same as the processes that are to come. */
export interface PrewarmOptions {
  readonly startMethod?: StartMethodName | undefined;
  readonly preload?: readonly (string | URL)[] | undefined;
}

/**
 * Starts the fork server before the first process needs it; resolves when it can answer at once. With start method `spawn`
 * there is nothing to do. Rejects if a module that it is to preload fails.
 */
export async function prewarm(options: PrewarmOptions = {}): Promise<void> {
  checkOptions('prewarm', options, ['startMethod', 'preload']);
  const { startMethod, preload } = resolveStart('prewarm', options);
  if (startMethod === 'forkserver') await prewarmForkserver(preload);
}

/**
 * Says how processes are started that do not say so themselves; once, unless `force` is given. `null` with `force` takes it
 * back. Python: `multiprocessing.set_start_method`.
 */
export function setStartMethod(startMethod: StartMethodName | null, options: { force?: boolean } = {}): void {
  checkOptions('setStartMethod', options, ['force']);
  const { force = false } = options;
  const checked = startMethod === null && force ? undefined : checkStartMethod('setStartMethod', startMethod);
  if (chosen !== undefined && !force) {
    throw new ForkyardError(
      `setStartMethod() was called before, with '${chosen}'. Call it once, in the main program; { force: true } overrides.`,
      { code: 'ERR_FORKYARD_START_METHOD_SET' },
    );
  }
  chosen = checked;
}

/**
 * Modules that fork servers import once, for all their children: URLs, absolute paths, or what `--import` would take. For
 * processes and pools that have no `preload` of their own. Python: `multiprocessing.set_forkserver_preload`.
 */
export function setForkserverPreload(modules: readonly (string | URL)[]): void {
  chosenPreload = resolvePreload('setForkserverPreload', 'modules', modules);
}

/** What the options of a Process or a Pool say of their start. */
export interface StartOptions {
  readonly startMethod?: unknown;
  readonly preload?: unknown;
  readonly execArgv?: readonly string[] | undefined;
}

export function resolveStart(
  method: string,
  { startMethod, preload, execArgv }: StartOptions,
): { startMethod: StartMethodName; preload: readonly string[] } {
  const asked = startMethod === undefined ? undefined : checkStartMethod(method, startMethod);
  if (execArgv !== undefined && asked === 'forkserver') {
    throw argumentTypeError(
      method,
      'execArgv',
      "absent with startMethod 'forkserver', whose children have the flags of this process; use startMethod 'spawn'",
      execArgv,
    );
  }
  return {
    startMethod: asked ?? (execArgv === undefined ? getStartMethod() : 'spawn'),
    preload: preload === undefined ? chosenPreload : resolvePreload(method, 'preload', preload),
  };
}

export function resolvePreload(method: string, name: string, modules: unknown): readonly string[] {
  const isModule = (module: unknown): boolean =>
    module instanceof URL || (typeof module === 'string' && module !== '');
  if (!Array.isArray(modules) || !modules.every(isModule)) {
    throw argumentTypeError(method, name, 'an array of module URLs, paths or package names', modules);
  }
  return modules.map(String);
}

export function checkStartMethod(method: string, value: unknown): StartMethodName {
  if (typeof value !== 'string') throw argumentTypeError(method, 'startMethod', 'a string', value);
  if (startMethodNames.includes(value as StartMethodName)) return value as StartMethodName;
  const names = startMethodNames.map((name) => `'${name}'`).join(' or ');
  throw argumentRangeError(method, 'startMethod', names, value);
}
