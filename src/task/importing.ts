// Knows whether this process is importing a task module just now: the guard against a module that starts, when imported
// by a worker, the very pool that it is imported for. The importing itself is in resolve.ts.
import { ForkyardError } from '../errors.js';

let importing = 0;

/** True while `resolveTask` imports a module in this process. */
export function isImportingTaskModule(): boolean {
  return importing > 0;
}

/**
 * Call before starting a process or pool; `what` is the call that the user made (`new Pool`). Throws ForkyardError
 * ERR_FORKYARD_BOOTSTRAPPING while a task module is being imported. Python's counterpart: the missing `__main__` guard.
 */
export function assertNotBootstrapping(what: string): void {
  if (importing === 0) return;
  const message = [
    `${what}: this process is a worker that is still importing its task module, and the module starts processes itself.`,
    'A worker imports the module to find the task in it, so this would go on without end.',
    'Put what only the main program does under a condition:',
    "  import { isMainProcess } from 'forkyard';",
    '  if (isMainProcess) { ... }',
    'or move the tasks to a module of their own.',
  ].join('\n');
  throw new ForkyardError(message, { code: 'ERR_FORKYARD_BOOTSTRAPPING' });
}

/** @internal Runs `load` with the guard on. */
export function whileRequiring<T>(load: () => T): T {
  importing++;
  try {
    return load();
  } finally {
    importing--;
  }
}

/** @internal The same for one that takes its time. */
export async function whileImporting<T>(load: () => Promise<T>): Promise<T> {
  importing++;
  try {
    return await load();
  } finally {
    importing--;
  }
}
