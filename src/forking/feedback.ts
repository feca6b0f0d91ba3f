// What V8 has learnt of a function: it begins to only when the function has run for a while, and what a child runs of ours
// it runs once. Code without feedback looks up each property anew, which is a tenth of a child's start.
import { setFlagsFromString } from 'node:v8';

const lazily = '--lazy-feedback-allocation';
const eagerly = '--no-lazy-feedback-allocation';

/** Runs `act`; each function that runs meanwhile learns from its first call on, in this process and its copies. */
export async function withFeedback(act: () => Promise<void>): Promise<void> {
  if (process.execArgv.includes(eagerly)) return await act();
  setFlagsFromString(eagerly);
  try {
    await act();
  } finally {
    setFlagsFromString(lazily);
  }
}
