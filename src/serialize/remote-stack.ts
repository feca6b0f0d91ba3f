// Says in an error's stack which process it came from.
// How errors themselves cross a border is in encode-error.ts and decode-error.ts.

/** The process in which an error was thrown. */
export interface RemotePlace {
  readonly name: string;
  readonly pid: number;
}

const attached = new WeakSet<object>();

/**
 * Appends `    in worker NAME (pid PID)` to the stack of an error that was received; once for each error object, however
 * often it is called. An error that went through several processes has a line for each. Leaves what is no error alone.
 */
export function attachRemoteStack(error: unknown, where: RemotePlace): void {
  try {
    // Inside: a Proxy may throw from any question that it is asked.
    if (!(error instanceof Error) || attached.has(error)) return;
    attached.add(error);
    const stack = typeof error.stack === 'string' ? error.stack : `${error.name}: ${error.message}`;
    const value = `${stack}\n    in worker ${where.name} (pid ${where.pid})`;
    Object.defineProperty(error, 'stack', { value, writable: true, enumerable: false, configurable: true });
  } catch {
    // A frozen error keeps the stack that it has; a Proxy is none of ours.
  }
}
