// Waiting for a promise no longer than somebody wants to.
import { startTimer } from '../options/time-out.js';
import type { ResolvedWait } from '../options/wait-options.js';
import { onAbort } from '../util/on-abort.js';

/** Resolves when the promise has, or when the time is over; rejects as the promise does, or with the reason of the signal. */
export async function settledWithin(promise: Promise<void>, wait: ResolvedWait): Promise<void> {
  if (wait.timeoutMs === Infinity && wait.signal === undefined) return await promise;
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const late = new Promise<void>((resolve, reject) => {
    timer = startTimer(wait, resolve);
    stop = onAbort(wait.signal, reject);
  });
  await Promise.race([promise, late]).finally(() => {
    clearTimeout(timer);
    stop?.();
  });
}
