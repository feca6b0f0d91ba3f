// Says in an error's stack which process it came from.
// How errors themselves cross a border is in encode-error.ts and decode-error.ts.

/** The process in which an error was thrown. */
export interface RemotePlace {
  readonly name: string;
  readonly pid: number;
}

const attached = new WeakSet<object>();
const ownFolder = new URL('..', import.meta.url).href;
const frameStart = '\n    at ';

/**
 * Appends `    in worker NAME (pid PID)` to the stack of an error that was received; once for each error object, however
 * often it is called. An error that went through several processes has a line for each. The frames of the worker's own
 * loop, from which the task was called, are left out. Leaves what is no error alone.
 */
export function attachRemoteStack(error: unknown, where: RemotePlace): void {
  try {
    // Inside: a Proxy may throw from any question that it is asked.
    if (!(error instanceof Error) || attached.has(error)) return;
    attached.add(error);
    const stack = typeof error.stack === 'string' ? error.stack : `${error.name}: ${error.message}`;
    const value = `${withoutOwnFrames(stack)}\n    in worker ${where.name} (pid ${where.pid})`;
    Object.defineProperty(error, 'stack', { value, writable: true, enumerable: false, configurable: true });
  } catch {
    // A frozen error keeps the stack that it has; a Proxy is none of ours.
  }
}

function withoutOwnFrames(stack: string): string {
  let end = stack.length;
  for (;;) {
    const start = stack.lastIndexOf(frameStart, end - 1);
    if (start < 0) break;
    const frame = stack.slice(start, end);
    if (!frame.includes(ownFolder) && !frame.includes('node:internal/')) break;
    end = start;
  }
  return stack.slice(0, end);
}
