// Runs a fixture as a Node program of its own, so that a crash or a hang is an observation and not the end of the suite.
// The fixture is plain JavaScript (.mjs): what runs in the child is what Node itself loads.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { processesOf } from './system-state.js';
import { until } from './until.js';

export interface ScriptOptions {
  readonly args?: readonly string[];
  /** Flags of Node, before the script. */
  readonly execArgv?: readonly string[];
  /** Added to this process's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Written to the child's standard input, which is then closed; `null` leaves it open. Default: empty. */
  readonly input?: string | Uint8Array | null;
  /** The watchdog: kills the script and all its descendants. Default 50 seconds, below vitest's own. */
  readonly timeoutMs?: number;
}

export interface ScriptResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when it was the watchdog that ended it. */
  readonly timedOut: boolean;
  readonly pid: number;
}

export interface RunningScript extends AsyncDisposable {
  readonly pid: number;
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when the script has ended and its output is closed; rejects only when it could not be started. */
  readonly ended: Promise<ScriptResult>;
  /** Resolves with the match once standard output matches; rejects when the script ends first. */
  waitForOutput(pattern: RegExp): Promise<RegExpMatchArray>;
  kill(signal?: NodeJS.Signals): void;
}

/** `script` is a URL (`new URL('../fixtures/x.mjs', import.meta.url)`) or an absolute path. */
export function runScript(script: URL | string, options: ScriptOptions = {}): Promise<ScriptResult> {
  return startScript(script, options).ended;
}

/** For tests that act while the script runs. Disposing kills it and everything below it. */
export function startScript(script: URL | string, options: ScriptOptions = {}): RunningScript {
  const path = script instanceof URL ? fileURLToPath(script) : script;
  const child = spawn(process.execPath, [...(options.execArgv ?? []), path, ...(options.args ?? [])], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  // A script that ends without reading closes the pipe under the writer.
  child.stdin.on('error', () => {});
  if (options.input !== null) child.stdin.end(options.input ?? '');
  const ended = endOf(child, output, options.timeoutMs ?? 50_000);
  const pid = child.pid ?? -1;
  return {
    pid,
    child,
    ended,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    waitForOutput: (pattern) => waitForOutput(pattern, output, ended),
    kill: (signal = 'SIGKILL') => child.kill(signal),
    async [Symbol.asyncDispose]() {
      killTree(pid);
      await ended.catch(() => {});
    },
  };
}

/** SIGKILL for a process and all below it, the parent first so that it starts nothing anew. */
export function killTree(pid: number): void {
  if (pid <= 0) return;
  const descendants = processesOf(pid);
  for (const target of [pid, ...descendants.map((info) => info.pid)]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

function endOf(
  child: ChildProcess,
  output: { stdout: string; stderr: string },
  timeoutMs: number,
): Promise<ScriptResult> {
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const watchdog = setTimeout(() => {
      timedOut = true;
      killTree(child.pid ?? -1);
      // An orphan of the script may still hold the other ends; without this the wait would never end.
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(watchdog);
      reject(error);
    });
    child.on('close', (exitCode, signal) => {
      clearTimeout(watchdog);
      resolve({ ...output, exitCode, signal, timedOut, pid: child.pid ?? -1 });
    });
  });
}

async function waitForOutput(
  pattern: RegExp,
  output: { stdout: string; stderr: string },
  ended: Promise<ScriptResult>,
): Promise<RegExpMatchArray> {
  let result: ScriptResult | undefined;
  ended.then(
    (value) => {
      result = value;
    },
    () => {},
  );
  return until(
    () => {
      const match = output.stdout.match(pattern);
      if (match === null && result !== undefined) {
        throw new Error(`the script ended without printing ${pattern}: ${JSON.stringify(result, null, 2)}`);
      }
      return match;
    },
    { what: () => `output matching ${pattern}; so far: ${JSON.stringify(output)}`, timeoutMs: 55_000 },
  );
}
