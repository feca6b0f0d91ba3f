// What it takes to start a process: the interface that each start method implements. Which one is used is defaults.ts.
import type { Readable, Writable } from 'node:stream';
import type { ExitStatus } from '../exit-status.js';
import type { Place } from '../place.js';

/** One stream of a child, as in `child_process`. */
export type StdioEntry = 'inherit' | 'ignore' | 'pipe' | number;

export type StartMethodName = 'forkserver' | 'spawn';

/** A process to start: everything but what its channel tells it. */
export interface LaunchRequest {
  readonly place: Place;
  readonly stdio: readonly [StdioEntry, StdioEntry, StdioEntry];
  readonly env: string;
  readonly cwd: string | undefined;
  readonly execArgv: readonly string[] | undefined;
  /** Modules that are imported before everything else: once for all children, where the start method can. */
  readonly preload: readonly string[];
}

/** A process that was started. */
export interface Launched {
  readonly pid: number;
  /** Sends a signal, unless it has ended. */
  kill(signal: number): void;
  /** Each callback is called once, when it has ended. */
  onExit(callback: (status: ExitStatus) => void): void;
  /** Whether it keeps this program's event loop alive. */
  ref(): void;
  unref(): void;
}

/** This side of the streams that are pipes. */
export interface ParentStreams {
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
}

export interface Launch extends ParentStreams {
  /** The promise rejects with a `ProcessError` if the process could not be started. */
  readonly launched: Launched | Promise<Launched>;
  /** Whether it keeps this program's event loop alive, from its start to its end. */
  ref(): void;
  unref(): void;
}

export interface StartMethod {
  /** Throws a `ProcessError` if it can be seen at once that there will be no process. */
  launch(request: LaunchRequest): Launch;
}
