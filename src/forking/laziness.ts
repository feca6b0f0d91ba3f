// What V8 leaves for later, because a function may never run, or run once: in a server's copies that is done again each time.
import { setFlagsFromString } from 'node:v8';

const feedbackAtOnce = '--no-lazy-feedback-allocation';
const feedbackLater = '--lazy-feedback-allocation';

/**
 * Runs `act`; each function that runs meanwhile learns from its first call on, in this process and its copies. By itself V8
 * begins to when a function has run for a while; and code that has learnt nothing looks up each property anew, which is a
 * tenth of a child's start.
 */
export function withFeedback(act: () => Promise<void>): Promise<void> {
  return withFlags(feedbackAtOnce, feedbackLater, act);
}

/** The same, of what runs at once. */
export function withFeedbackNow<T>(act: () => T): T {
  if (process.execArgv.includes(feedbackAtOnce)) return act();
  setFlagsFromString(feedbackAtOnce);
  try {
    return act();
  } finally {
    setFlagsFromString(feedbackLater);
  }
}

/** Runs `act`; all code that is loaded meanwhile is compiled, and not only what runs. */
export function compilingAll<T>(act: () => Promise<T>): Promise<T> {
  return withFlags('--no-lazy', '--lazy', act);
}

async function withFlags<T>(flags: string, otherwise: string, act: () => Promise<T>): Promise<T> {
  if (process.execArgv.includes(flags)) return await act();
  setFlagsFromString(flags);
  try {
    return await act();
  } finally {
    setFlagsFromString(otherwise);
  }
}
