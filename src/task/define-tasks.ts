// How a user says that a function can be run by another process: by the module it is in, and a name in it.
// What is defined is kept in definitions.ts; finding it again in a worker is in resolve.ts.
import { pathToFileURL } from 'node:url';
import { argumentTypeError, TaskResolutionError } from '../errors.js';
import { type AnyFunction, addDefinitions } from './definitions.js';

/** A function that may run in another process: called with `Args`, giving `Result` or a promise of it. */
export type Task<Args extends readonly unknown[] = never[], Result = unknown> = (
  ...args: Args
) => Result | PromiseLike<Result>;

/** A function by the module that has it: an absolute URL or path, and an export (default: `default`) or defined task. */
export interface TaskModule {
  readonly module: URL | string;
  readonly name?: string;
}

/** What is accepted wherever a task is expected. A TaskModule is not checked by the compiler. */
export type TaskTarget<Args extends readonly unknown[] = never[], Result = unknown> =
  | Task<Args, Result>
  | TaskModule;

/** `import.meta` of an ES module, or `module` of a CommonJS one. */
export type TaskHome = { readonly url: string } | { readonly filename: string };

/**
 * Defines functions of this module as tasks, and returns them, typed as they are:
 *
 *     export const tasks = defineTasks(import.meta, { square: (x: number) => x * x });
 *     await pool.map(tasks.square, [1, 2, 3]);
 *
 * A worker imports the module and looks the name up, so define at the top level, not inside a function. Throws
 * TaskResolutionError for a name that the module has already and for a missing `import.meta.url`; TypeError for what is
 * not a function.
 */
export function defineTasks<Tasks extends Readonly<Record<string, AnyFunction>>>(
  home: TaskHome,
  tasks: Tasks,
): Readonly<Tasks> {
  const url = urlOf('defineTasks', home);
  if (typeof tasks !== 'object' || tasks === null) {
    throw argumentTypeError('defineTasks', 'tasks', 'an object of functions', tasks);
  }
  const defined = new Map<string, AnyFunction>();
  for (const [name, run] of Object.entries(tasks)) {
    if (name === '')
      throw argumentTypeError('defineTasks', 'tasks', 'an object whose names are not empty', tasks);
    if (typeof run !== 'function') throw argumentTypeError('defineTasks', name, 'a function', run);
    defined.set(name, run);
  }
  addDefinitions(url, home, defined);
  return Object.freeze({ ...tasks });
}

/** Defines one function of this module as a task, under its own name or the given one, and returns it. */
export function task<Run extends AnyFunction>(home: TaskHome, run: Run, name?: string): Run {
  const url = urlOf('task', home);
  if (typeof run !== 'function') throw argumentTypeError('task', 'fn', 'a function', run);
  const ownName = name ?? run.name;
  if (typeof ownName !== 'string' || ownName === '') {
    throw argumentTypeError('task', 'name', 'given, as the function has no name of its own', name);
  }
  addDefinitions(url, home, new Map([[ownName, run]]));
  return run;
}

function urlOf(method: string, home: unknown): string {
  if (typeof home !== 'object' || home === null) {
    throw argumentTypeError(method, 'home', 'import.meta (or module, in CommonJS)', home);
  }
  const url: unknown = Reflect.get(home, 'url');
  if (typeof url === 'string' && url !== '') return checkedUrl(method, url);
  const filename: unknown = Reflect.get(home, 'filename');
  if (typeof filename === 'string' && filename !== '') return pathToFileURL(filename).href;
  throw new TaskResolutionError(
    `${method}: import.meta.url is missing, so no other process could find this module. A bundler that writes CommonJS ` +
      'removes it: have it write ES modules, or pass `module` instead of import.meta',
  );
}

function checkedUrl(method: string, url: string): string {
  if (url.startsWith('file:') || url.startsWith('node:')) return url;
  throw new TaskResolutionError(
    `${method}: a worker can import files only, and this module is ${url.slice(0, 100)}; move the tasks to a file`,
    { module: url.slice(0, 100) },
  );
}
