// What preloaded modules want to be done in each child of the fork server.
import { argumentTypeError } from '../errors.js';

const callbacks: (() => unknown)[] = [];

/**
 * Registers a function that each forkserver child runs before user code, in the order of registration, awaiting each: for
 * what a preloaded module holds and a copy must not share, such as cached random bytes, connections, clocks. If one throws,
 * the start fails. Elsewhere it is never called. Python: `os.register_at_fork(after_in_child=...)`.
 */
export function afterFork(callback: () => unknown): void {
  if (typeof callback !== 'function')
    throw argumentTypeError('afterFork', 'callback', 'a function', callback);
  callbacks.push(callback);
}

/** @internal In a child that was forked, once it is what it was asked to be. */
export async function runAfterFork(): Promise<void> {
  for (const callback of callbacks) await callback();
}
