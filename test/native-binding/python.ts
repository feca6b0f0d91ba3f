// CPython as the other side: programs given as text, run by the python3 of this machine.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';

export const hasPython = spawnSync('python3', ['-c', 'import multiprocessing.shared_memory']).status === 0;

/** Runs a program to its end and returns what it printed; throws with its error output if it fails. */
export function runPython(program: string, ...args: string[]): string {
  const run = spawnSync('python3', ['-c', program, ...args], {
    encoding: 'utf8',
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  if (run.status !== 0) throw new Error(`python3 failed (${run.status ?? run.signal}): ${run.stderr}`);
  return run.stdout;
}

export interface RunningPython {
  readonly child: ChildProcessWithoutNullStreams;
  /** Its output, once it has ended well. */
  readonly ended: Promise<string>;
}

/** For a test that acts while the program runs. */
export function startPython(program: string, ...args: string[]): RunningPython {
  const child = spawn('python3', ['-c', program, ...args], { timeout: 50_000, killSignal: 'SIGKILL' });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`python3 failed (${code ?? signal}): ${errors}`));
    });
  });
  return { child, ended };
}
