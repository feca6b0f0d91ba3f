// The options of everything that waits, interpreted at the call.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { checkOptions } from './known-options.js';

export interface WaitOptions {
  /** Milliseconds; 0: not at all. Then `TimeoutError`, and nothing was taken. Default: as long as it takes. */
  readonly timeout?: number | undefined;
  /** Ends the wait with the signal's reason, and nothing was taken. Not for those who block. */
  readonly signal?: AbortSignal | undefined;
}

export interface ResolvedWait {
  /** Infinity: as long as it takes. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export const forever: ResolvedWait = { timeoutMs: Infinity, signal: undefined };

/** The same as options, for somebody who interprets them again. */
export function optionsOf({ timeoutMs, signal }: ResolvedWait): WaitOptions {
  return { timeout: timeoutMs, ...(signal && { signal }) };
}

/** The options of each of several waits that together may take as long as `wait` says. */
export function countDown({ timeoutMs, signal }: ResolvedWait): () => WaitOptions {
  const deadline = performance.now() + timeoutMs;
  let isFirst = true;
  return () => {
    const left = isFirst ? timeoutMs : deadline - performance.now();
    isFirst = false;
    return optionsOf({ timeoutMs: left, signal });
  };
}

/** Throws what is wrong with them, or the reason of a signal that is aborted already. */
export function resolveWait(
  method: string,
  options: WaitOptions | undefined,
  takesSignal: boolean,
): ResolvedWait {
  if (options === undefined) return forever;
  checkOptions(method, options, takesSignal ? ['timeout', 'signal'] : ['timeout']);
  const { timeout = Infinity, signal } = options;
  if (typeof timeout !== 'number')
    throw argumentTypeError(method, 'timeout', 'a number of milliseconds', timeout);
  if (Number.isNaN(timeout)) throw argumentRangeError(method, 'timeout', 'a number of milliseconds', timeout);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw argumentTypeError(method, 'signal', 'an AbortSignal', signal);
  }
  signal?.throwIfAborted();
  // As in Python: less than nothing is nothing.
  return { timeoutMs: Math.max(0, timeout), signal };
}
