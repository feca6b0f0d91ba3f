// AbortSignals: a listener that is taken away again, so that a signal may serve any number of calls.

/** Calls `cancel` with the reason when the signal is aborted, unless the returned function was called before. */
export function onAbort(signal: AbortSignal | undefined, cancel: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    cancel(signal.reason);
    return () => {};
  }
  const { calls, listener } = callsOf(signal);
  calls.add(cancel);
  return () => {
    calls.delete(cancel);
    if (calls.size > 0 || !callsOfSignal.delete(signal)) return;
    signal.removeEventListener('abort', listener);
  };
}

interface Calls {
  readonly calls: Set<(reason: unknown) => void>;
  readonly listener: () => void;
}

// One listener for all calls of a signal: Node warns of more than ten.
const callsOfSignal = new WeakMap<AbortSignal, Calls>();

function callsOf(signal: AbortSignal): Calls {
  const known = callsOfSignal.get(signal);
  if (known !== undefined) return known;
  const calls: Calls['calls'] = new Set();
  const listener = (): void => {
    for (const cancel of [...calls]) cancel(signal.reason);
  };
  signal.addEventListener('abort', listener, { once: true });
  const made = { calls, listener };
  callsOfSignal.set(signal, made);
  return made;
}

/** The promise, which calls `cancel` when the signal is aborted before it is settled. */
export async function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  cancel: (reason: unknown) => void,
): Promise<T> {
  const release = onAbort(signal, cancel);
  try {
    return await promise;
  } finally {
    release();
  }
}
