// The end of a wait at a socket that takes too long, or that nobody wants any more. A wait of no time at all has the event
// loop look at the sockets once: else who asks again and again would never let it.
import { startTimer } from '../options/time-out.js';
import type { ResolvedWait } from '../options/wait-options.js';
import { onAbort } from '../util/on-abort.js';

export interface DeadlineEvents {
  onTimeout(): void;
  onAbort(reason: unknown): void;
}

/** Calls one of the two at most once, unless the returned function was called before. */
export function startDeadline(wait: ResolvedWait, events: DeadlineEvents): () => void {
  const release = onAbort(wait.signal, (reason) => events.onAbort(reason));
  if (wait.timeoutMs === 0) {
    const cancel = afterLook(() => events.onTimeout());
    return () => {
      release();
      cancel();
    };
  }
  const timer = startTimer(wait, () => events.onTimeout());
  return () => {
    release();
    clearTimeout(timer);
  };
}

/** Calls `then` once the event loop has looked at all descriptors; not if the returned function was called before. */
export function afterLook(then: () => void): () => void {
  // It looks between any two rounds of these.
  let turn = setImmediate(() => {
    turn = setImmediate(then);
  });
  return () => clearImmediate(turn);
}
