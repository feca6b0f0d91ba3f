// In a worker: a promise, or an error if it is not settled in time. What is given up goes on unheard.
// A function that does not come back at all is ended with its worker, by the pool.
import { TimeoutError } from '../../errors.js';

export async function within(pending: unknown, timeoutMs: number | undefined): Promise<unknown> {
  if (timeoutMs === undefined) return await pending;
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TimeoutError(`not done after ${timeoutMs} ms`, { timeout: timeoutMs }));
    }, timeoutMs);
  });
  try {
    return await Promise.race([pending, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
