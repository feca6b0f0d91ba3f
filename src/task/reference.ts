// From what a user passes as a task to the reference that is sent to a worker.
// The way back, from the reference to the function, is in resolve.ts.
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { argumentTypeError, describeReceived, TaskResolutionError } from '../errors.js';
import type { TaskModule, TaskTarget } from './define-tasks.js';
import {
  type AnyFunction,
  definedTask,
  definitionOf,
  setDefinition,
  type TaskReference,
} from './definitions.js';
import { requireTask, resolvedTask, resolveTask } from './resolve.js';

export type { Task, TaskModule, TaskTarget } from './define-tasks.js';
export type { TaskReference } from './definitions.js';

/**
 * Where a task lives. Accepts a task of `defineTasks` or `task`, or `{ module, name? }`. `method` is the call that the
 * user made, for messages. Throws TaskResolutionError for a function that is no task and for a module that another
 * process could not find; TypeError for what is neither.
 */
export function referenceOf(target: TaskTarget | TaskReference, method = 'task'): TaskReference {
  if (typeof target === 'function') {
    const reference = definitionOf(target as AnyFunction);
    if (reference !== undefined) return reference;
    throw undefinedFunction(method, target as AnyFunction);
  }
  if (typeof target !== 'object' || target === null || !('module' in target)) {
    throw argumentTypeError(method, 'target', 'a task of defineTasks, or { module, name }', target);
  }
  const { module, name = 'default' } = target as TaskModule;
  if (typeof name !== 'string' || name === '') {
    throw argumentTypeError(method, 'target.name', 'a string that is not empty', name);
  }
  return { module: moduleUrl(method, module), name };
}

/** A short name for messages: `tasks.js#square`. */
export function describeReference({ module, name }: TaskReference): string {
  return `${module.slice(module.lastIndexOf('/') + 1)}#${name}`;
}

/**
 * A task that arrives as a value: the task itself, whose module is loaded here and now if it is not. Where that cannot be done
 * without waiting (a module with a top-level await, or one that a loader compiles), a function that stands for it: it returns what
 * the task returns if the module is loaded when it is called, else a promise of it. It can be sent on.
 */
export function taskOf(reference: TaskReference): AnyFunction {
  const known = resolvedTask(reference) ?? definedTask(reference) ?? requireTask(reference);
  if (known !== undefined) return known;
  standIns.set(reference.module, reference);
  const run = (...args: never[]): unknown => {
    const loaded = definedTask(reference) ?? resolvedTask(reference);
    return loaded === undefined ? resolveTask(reference).then((task) => task(...args)) : loaded(...args);
  };
  setDefinition(run, reference);
  return run;
}

// By module, those whose modules nobody has waited for.
const standIns = new Map<string, TaskReference>();

/** Whether tasks have arrived whose modules are still to be loaded. */
export function hasStandIns(): boolean {
  return standIns.size > 0;
}

/** Loads them. One that cannot be loaded says so when its task is called. */
export async function importStandIns(): Promise<void> {
  const awaited = [...standIns.values()];
  standIns.clear();
  await Promise.allSettled(awaited.map(resolveTask));
}

function moduleUrl(method: string, module: unknown): string {
  if (module instanceof URL) return checkedUrl(method, module.href);
  if (typeof module !== 'string' || module === '') {
    throw argumentTypeError(method, 'target.module', 'a URL or an absolute path', module);
  }
  if (isAbsolute(module)) return pathToFileURL(module).href;
  if (/^[a-z][a-z0-9+.-]*:/i.test(module)) return checkedUrl(method, module);
  const isRelative = module.startsWith('./') || module.startsWith('../');
  const remedy = isRelative
    ? `new URL(${JSON.stringify(module)}, import.meta.url)`
    : `import.meta.resolve(${JSON.stringify(module)}), or for a file new URL('./${module}', import.meta.url)`;
  throw new TaskResolutionError(
    `${method}: another process cannot know what ${JSON.stringify(module)} is relative to; pass ${remedy}`,
    { module },
  );
}

function checkedUrl(method: string, url: string): string {
  const { protocol, href } = parse(method, url);
  if (protocol === 'file:' || protocol === 'node:') return href;
  throw new TaskResolutionError(
    `${method}: a worker can import files and modules of Node only, not ${protocol} URLs; put the task in a file`,
    { module: url.slice(0, 100) },
  );
}

function parse(method: string, url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new TaskResolutionError(`${method}: ${describeReceived(url)} is no valid URL`, { module: url });
  }
}

function undefinedFunction(method: string, run: AnyFunction): TaskResolutionError {
  const name = /^[A-Za-z_$][\w$]*$/.test(run.name) ? run.name : 'work';
  const message = [
    `${method}: ${describeReceived(run)} is not a task: another process could not find it. Define it where it is written:`,
    `  export const tasks = defineTasks(import.meta, { ${name} });`,
    `and pass tasks.${name}; or name an export: { module: new URL('./work.js', import.meta.url), name: '${name}' }`,
  ].join('\n');
  return new TaskResolutionError(message, { task: run.name === '' ? null : run.name });
}
