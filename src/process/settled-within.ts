// Waiting for a promise no longer than so many milliseconds.

const longestTimerMs = 2 ** 31 - 1;

/** Resolves when the promise has, or after `timeoutMs` (not given: never); rejects as the promise does. */
export async function settledWithin(promise: Promise<void>, timeoutMs: number | undefined): Promise<void> {
  if (timeoutMs === undefined || timeoutMs === Infinity) return await promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(timeoutMs, longestTimerMs));
  });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
