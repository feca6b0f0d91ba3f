// Runs `forkyard map` as a user does, over fixtures/cli/tasks.mjs, and looks at it from outside.
// Pipelines of a shell, where it is the shell that is asked how it ended, go through `runShell`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type RunningScript,
  runScript,
  type ScriptOptions,
  type ScriptResult,
  startScript,
} from '../helpers/run-script.js';
import { openFiles } from '../helpers/system-state.js';

export const cli = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));
export const fixtures = fileURLToPath(new URL('../fixtures/cli/', import.meta.url));

export interface MapOptions extends ScriptOptions {
  /** In front of the function; `--workers 2` is always there. */
  readonly options?: readonly string[];
  /** After the function. */
  readonly files?: readonly string[];
}

/** `name` is an export of tasks.mjs. */
export function runMap(name: string, options: MapOptions = {}): Promise<ScriptResult> {
  return startMap(name, options).ended;
}

export function startMap(
  name: string,
  { options = [], files = [], ...rest }: MapOptions = {},
): RunningScript {
  const args = ['map', '--workers', '2', ...options, `./tasks.mjs#${name}`, ...files];
  return startScript(cli, { cwd: fixtures, ...rest, args });
}

/** With any arguments. */
export function runCli(args: readonly string[], options: ScriptOptions = {}): Promise<ScriptResult> {
  return runScript(cli, { cwd: fixtures, ...options, args });
}

/** `$MAP` is `forkyard map --workers 2`. */
export function runShell(command: string): Promise<ScriptResult> {
  const program = `process.exitCode = require('child_process').spawnSync('bash', ['-c', process.argv[1]], { stdio: 'inherit' }).status`;
  const env = { MAP: `${process.execPath} ${cli} map --workers 2` };
  return runScript('-e', { args: [program, command], cwd: fixtures, env });
}

/** A folder that is gone at the end of the test. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'forkyard-cli-'));

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name);
    writeFileSync(path, content);
    return path;
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function numberedLines(count: number, suffix = ''): string {
  let text = '';
  for (let line = 1; line <= count; line++) text += `${line}${suffix}\n`;
  return text;
}

/** The most memory that a process has had so far, in MB; undefined when it has ended. */
export function peakMemory(pid: number): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}

/** How far a process has read a file. */
export function readPosition(pid: number, path: string): number | undefined {
  const file = openFiles(pid).find(({ target }) => target === path);
  if (file === undefined) return undefined;
  return Number(/^pos:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${file.fd}`, 'utf8'))?.[1]);
}
