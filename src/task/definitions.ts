// Which functions were defined as tasks in this process, by module and name, and back from a function to where it lives.
// Users define them with define-tasks.ts; resolve.ts looks them up.
import { TaskResolutionError } from '../errors.js';

/** Where a task lives: `module` is a file: or node: URL (query included), `name` that of a defined task or an export. */
export interface TaskReference {
  readonly module: string;
  readonly name: string;
}

// `any`, not `never`: it is also the type by which the parameters of a function written in place are inferred.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyFunction = (...args: any[]) => unknown;

interface Definition {
  readonly run: AnyFunction;
  /** The `import.meta` or `module` object: another one for the same URL means that the module was evaluated anew. */
  readonly evaluation: object;
}

const modules = new Map<string, Map<string, Definition>>();
const references = new WeakMap<AnyFunction, TaskReference>();

/** Adds tasks to a module, all or none. Throws TaskResolutionError for a name that the module has already. */
export function addDefinitions(
  url: string,
  evaluation: object,
  tasks: ReadonlyMap<string, AnyFunction>,
): void {
  const defined = modules.get(url) ?? new Map<string, Definition>();
  for (const name of tasks.keys()) {
    if (defined.get(name)?.evaluation === evaluation) throw duplicate(url, name);
  }
  modules.set(url, defined);
  for (const [name, run] of tasks) {
    defined.set(name, { run, evaluation });
    if (!references.has(run)) references.set(run, { module: url, name });
  }
}

/** The task of this name, if its module was evaluated in this process. */
export function definedTask({ module, name }: TaskReference): AnyFunction | undefined {
  return modules.get(module)?.get(name)?.run;
}

export function definedNames(url: string): string[] {
  return [...(modules.get(url)?.keys() ?? [])];
}

/** Where a defined task lives, or undefined for any other function. */
export function definitionOf(run: AnyFunction): TaskReference | undefined {
  return references.get(run);
}

/** @internal Makes `definitionOf` know a function that stands for a task of another process. */
export function setDefinition(run: AnyFunction, reference: TaskReference): void {
  references.set(run, reference);
}

function duplicate(module: string, task: string): TaskResolutionError {
  return new TaskResolutionError(
    `defineTasks: ${module} has a task '${task}' already; a name can be used once in a module, so give this one another`,
    { code: 'ERR_FORKYARD_DUPLICATE_TASK', module, task },
  );
}
