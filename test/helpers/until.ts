// Waiting for a state that sends no event: polls, with a watchdog against hangs instead of a limit on how long it may take.
import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** What is waited for, for the message of the watchdog. */
  readonly what?: string | (() => string);
  /** Default 30 seconds. */
  readonly timeoutMs?: number;
  /** Default 5 milliseconds. */
  readonly intervalMs?: number;
}

/** Resolves with the first truthy value of `predicate`; rejects when the watchdog ends the waiting. */
export async function until<T>(
  predicate: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const { what = 'the expected state', timeoutMs = 30_000, intervalMs = 5 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await predicate();
    if (value) return value as Exclude<T, false | null | undefined | 0 | ''>;
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${typeof what === 'function' ? what() : what}`);
    }
    await sleep(intervalMs);
  }
}
