// Waiting for a promise no longer than somebody wants to.
import { startTimer } from '../options/time-out.js';
import type { ResolvedWait } from '../options/wait-options.js';
import { onAbort } from '../util/on-abort.js';

/** Whether the promise resolves before the time is over; rejects as the promise does, or with the reason of the signal. */
export async function settledWithin(promise: Promise<void>, wait: ResolvedWait): Promise<boolean> {
  if (wait.timeoutMs === Infinity && wait.signal === undefined) {
    await promise;
    return true;
  }
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const late = new Promise<false>((resolve, reject) => {
    timer = startTimer(wait, () => resolve(false));
    stop = onAbort(wait.signal, reject);
  });
  return await Promise.race([promise.then(() => true), late]).finally(() => {
    clearTimeout(timer);
    stop?.();
  });
}
