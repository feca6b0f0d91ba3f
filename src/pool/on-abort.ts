// AbortSignals: a listener that is taken away again, so that a signal may serve any number of calls.

/** Calls `cancel` with the reason when the signal is aborted, unless the returned function was called before. */
export function onAbort(signal: AbortSignal | undefined, cancel: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {};
  const listener = (): void => cancel(signal.reason);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
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
