// The asynchronous context in which a worker's tasks start: nobody's. What one puts into an AsyncLocalStorage by `enterWith`, or by `run`
// around something that starts the worker's next turn, would else be seen by the next ones, which may be other users' work.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/**
 * Whether functions of users must be called by `runClean`. Not before anybody has used an AsyncLocalStorage: a context costs a quarter
 * of a microsecond, five times as much as an item that does nothing.
 */
export const contexts = { areUsed: false };

const root = new AsyncResource('forkyard.Worker');

/** Calls `fn` in a context that has nothing in it. What `fn` puts there is seen by what `fn` starts, and by nobody else. */
export function runClean<Args extends unknown[], Result>(
  fn: (...args: Args) => Result,
  ...args: Args
): Result {
  return root.runInAsyncScope(runApart<Args, Result>, undefined, fn, args);
}

// Before Node 24 `enterWith` writes into the resource that is current. This one is nobody else's.
function runApart<Args extends unknown[], Result>(fn: (...args: Args) => Result, args: Args): Result {
  return new AsyncResource('forkyard.Task').runInAsyncScope(fn, undefined, ...args);
}

type Method = 'run' | 'enterWith';

let onFirstUse = (): void => {};

/** Looks out for the first use. */
export function watchContexts(): void {
  if (!watch('run') || !watch('enterWith')) contexts.areUsed = true;
}

/** `listener` is called at the first use, before the context changes; now, if that was before. */
export function whenContextsAreUsed(listener: () => void): void {
  if (contexts.areUsed) listener();
  else onFirstUse = listener;
}

// Until the first use. The other methods end in these two, and so does node:diagnostics_channel. False: somebody has frozen them.
function watch(method: Method): boolean {
  const { prototype } = AsyncLocalStorage;
  const original = prototype[method] as (...args: unknown[]) => unknown;
  // As a method it has the name, and is no constructor.
  const { [method]: watched } = {
    [method](this: unknown, ...args: unknown[]): unknown {
      // Somebody may have put a function of theirs around this one, or kept it.
      if (prototype[method] === watched) Reflect.defineProperty(prototype, method, { value: original });
      learn();
      return Reflect.apply(original, this, args);
    },
  };
  Reflect.defineProperty(watched as object, 'length', { value: original.length });
  return Reflect.defineProperty(prototype, method, { value: watched });
}

function learn(): void {
  if (contexts.areUsed) return;
  contexts.areUsed = true;
  onFirstUse();
}
