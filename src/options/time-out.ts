// The end of a wait that took too long.
import { TimeoutError } from '../errors.js';
import type { ResolvedWait } from './wait-options.js';

// Of Node's timers; after these 24 days nobody is told any more that the time is up.
const longestTimerMs = 2 ** 31 - 1;

/** Calls `onTimeout` when the wait has taken that long. */
export function startTimer({ timeoutMs }: ResolvedWait, onTimeout: () => void): NodeJS.Timeout | undefined {
  return timeoutMs <= longestTimerMs ? setTimeout(onTimeout, timeoutMs) : undefined;
}

/** `why`: what there was instead of what was waited for. */
export function timeoutError(method: string, why: string, timeoutMs: number): TimeoutError {
  // What is left of a longer time is a broken number.
  const message = `${method}: timed out after ${Math.ceil(timeoutMs)} ms; ${why}`;
  return new TimeoutError(message, { timeout: timeoutMs });
}
