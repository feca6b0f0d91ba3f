// In a worker: from a reference to the function, importing its module once.
// What a reference is made of is in reference.ts; what modules define, in definitions.ts.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describeReceived, ForkyardError, TaskResolutionError } from '../errors.js';
import { nearestNames } from '../util/nearest-names.js';
import { type AnyFunction, definedNames, definedTask, type TaskReference } from './definitions.js';
import { whileImporting, whileRequiring } from './importing.js';

type ModuleExports = Readonly<Record<string, unknown>>;

const resolved = new Map<string, AnyFunction>();
const imports = new Map<string, Promise<ModuleExports>>();
const unfinished = new Set<TaskReference>();

/**
 * The function that a reference names: a task defined in that module, else an export of it. Imports the module at the
 * first call. Rejects with TaskResolutionError when the module cannot be imported (`cause`: what it threw), has no such
 * name (the message lists near ones), or has something else than a function there.
 */
export async function resolveTask(reference: TaskReference): Promise<AnyFunction> {
  const key = `${reference.module} ${reference.name}`;
  const known = resolved.get(key);
  if (known !== undefined) return known;
  const run = definedTask(reference) ?? (await findInModule(reference));
  resolved.set(key, run);
  return run;
}

/** The function if it was resolved before, so that no promise is needed. */
export function resolvedTask({ module, name }: TaskReference): AnyFunction | undefined {
  return resolved.get(`${module} ${name}`);
}

/** The function of a module that can be loaded without waiting; undefined if it cannot, whatever the reason. */
export function requireTask(reference: TaskReference): AnyFunction | undefined {
  const { module, name } = reference;
  if (imports.has(module) || !/^file:.*\.[cm]?js$/.test(module)) return undefined;
  try {
    const require = createRequire(module);
    if (isCompiled(require)) return undefined;
    const exports = whileRequiring(() => require(fileURLToPath(module)) as ModuleExports);
    const found = definedTask(reference) ?? exportNamed(exports, name);
    if (typeof found !== 'function') return undefined;
    resolved.set(`${module} ${name}`, found as AnyFunction);
    return found as AnyFunction;
  } catch {
    return undefined;
  }
}

// What `require` loads is the module that `import` gives, unless a loader of somebody else's is in between: compilers add the
// kinds of files that they know, and Node knows none of these.
function isCompiled(require: NodeJS.Require): boolean {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  return '.tsx' in require.extensions || /(^|\s)--(import|loader|experimental-loader)\b/.test(flags);
}

async function findInModule(reference: TaskReference): Promise<AnyFunction> {
  const exports = await importOnce(reference);
  const found = definedTask(reference) ?? exportNamed(exports, reference.name);
  if (typeof found === 'function') return found as AnyFunction;
  throw found === undefined ? missing(reference, exports) : notAFunction(reference, found);
}

async function importOnce(reference: TaskReference): Promise<ModuleExports> {
  const { module } = reference;
  let loading = imports.get(module);
  if (loading === undefined) {
    loading = whileImporting(() => import(module) as Promise<ModuleExports>);
    imports.set(module, loading);
  }
  unfinished.add(reference);
  try {
    return await loading;
  } catch (cause) {
    // A file may appear later; what Node itself remembers as failed fails again.
    imports.delete(module);
    if (cause instanceof ForkyardError && cause.code === 'ERR_FORKYARD_BOOTSTRAPPING') throw cause;
    throw importFailed(reference, { cause });
  } finally {
    unfinished.delete(reference);
  }
}

function exportNamed(exports: ModuleExports, name: string): unknown {
  if (Object.hasOwn(exports, name)) return exports[name];
  // Node finds the named exports of CommonJS by reading its text; those it missed are on module.exports.
  const whole = exports.default;
  if (typeof whole === 'object' && whole !== null && Object.hasOwn(whole, name))
    return Reflect.get(whole, name);
  return undefined;
}

/** Of a module that threw `cause`, or that never came to its end for another reason. */
export function importFailed(
  { module, name }: TaskReference,
  { cause, reason = said(cause) }: { readonly cause?: unknown; readonly reason?: string },
): TaskResolutionError {
  return new TaskResolutionError(`cannot run the task '${name}': importing ${module} failed: ${reason}`, {
    module,
    task: name,
    cause,
  });
}

/** For a process that ends: the error of the import that it is at, if it is at one. */
export function unfinishedImport(reason: string): TaskResolutionError | undefined {
  const [reference] = unfinished;
  return reference && importFailed(reference, { reason });
}

function said(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : `it threw ${describeReceived(cause)}`;
}

function missing({ module, name }: TaskReference, exports: ModuleExports): TaskResolutionError {
  const names = [...definedNames(module), ...functionsOf(exports), ...functionsOf(exports.default)];
  const near = nearestNames(name, names);
  const known =
    near.length > 0 ? `did you mean ${near.map((other) => `'${other}'`).join(' or ')}?` : knownNames(names);
  return new TaskResolutionError(
    `cannot run the task '${name}': ${module} neither defines nor exports it; ${known}`,
    {
      module,
      task: name,
    },
  );
}

function knownNames(names: string[]): string {
  const all = [...new Set(names)];
  if (all.length === 0)
    return 'it exports no function; define it there with defineTasks(import.meta, { ... })';
  return `it has ${all.slice(0, 10).join(', ')}${all.length > 10 ? ', ...' : ''}`;
}

function functionsOf(container: unknown): string[] {
  if (typeof container !== 'object' || container === null) return [];
  return Object.keys(container).filter((name) => typeof Reflect.get(container, name) === 'function');
}

function notAFunction({ module, name }: TaskReference, found: unknown): TaskResolutionError {
  return new TaskResolutionError(
    `cannot run the task '${name}': in ${module} that is ${describeReceived(found)}, not a function; export a function`,
    { module, task: name },
  );
}
