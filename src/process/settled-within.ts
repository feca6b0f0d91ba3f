// Waiting for a promise no longer than so many milliseconds.
import { argumentTypeError } from '../errors.js';

const longestTimerMs = 2 ** 31 - 1;

/** Throws `TypeError` unless it is a number of milliseconds, or not given. */
export function checkTimeout(method: string, timeout: unknown): void {
  if (timeout === undefined || (typeof timeout === 'number' && !Number.isNaN(timeout))) return;
  throw argumentTypeError(method, 'timeout', 'a number of milliseconds', timeout);
}

/** Resolves when the promise has, or after `timeoutMs` (not given: never); rejects as the promise does. */
export async function settledWithin(promise: Promise<void>, timeoutMs: number | undefined): Promise<void> {
  if (timeoutMs === undefined || timeoutMs === Infinity) return await promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(timeoutMs, longestTimerMs));
  });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
