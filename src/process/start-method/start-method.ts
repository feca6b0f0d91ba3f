// What it takes to start a process: the interface that each start method implements. Which one is used by default is
// recommended.ts.
import type { Readable, Writable } from 'node:stream';
import type { ExitStatus } from '../exit-status.js';

/** One stream of a child, as in `child_process`. */
export type StdioEntry = 'inherit' | 'ignore' | 'pipe' | number;

/** A process to start: everything but the family's affairs, which its environment carries. */
export interface LaunchRequest {
  readonly entry: string;
  readonly stdio: readonly [StdioEntry, StdioEntry, StdioEntry];
  /** Descriptors of this process that become 3, 4, ... in the child. */
  readonly descriptors: readonly number[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string | undefined;
  readonly execArgv: readonly string[] | undefined;
}

/** A process that was started. */
export interface Launched {
  readonly pid: number;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Sends a signal, unless it has ended. */
  kill(signal: number): void;
  /** Called once, when it has ended and was reaped. */
  onExit(callback: (status: ExitStatus) => void): void;
  /** Whether it keeps this program's event loop alive. */
  ref(): void;
  unref(): void;
}

export interface StartMethod {
  readonly name: 'spawn' | 'forkserver';
  /** Returns at once; the promise rejects with a `ProcessError` if the system refused. */
  launch(request: LaunchRequest): Launched | Promise<Launched>;
}
