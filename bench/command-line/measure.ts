// One run of one rival: how long it took, how much memory its first process had, and that its results are right.
// Who the rivals are is rivals.ts; how runs are put together, report.ts.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readFileSync, statSync } from 'node:fs';
import type { CommandRival } from './rivals.js';

export interface Run {
  readonly seconds: number;
  /** Of all its processes together. */
  readonly cpuSeconds: number;
  /** Of the process that the user started; not of its workers. */
  readonly rootPeakMb: number;
}

const lookEveryMs = 20;
// USER_HZ, the same on all machines of today.
const ticksPerSecond = 100;

/** The results are left in `outputPath`. Rejects if the rival fails. */
export async function runRival({ name, command }: CommandRival, outputPath: string): Promise<Run> {
  const output = openSync(outputPath, 'w');
  const [program, ...args] = command;
  const cpuBefore = cpuSecondsOfChildren();
  const began = performance.now();
  const child = spawn(program as string, args, { stdio: ['ignore', output, 'inherit'] });
  closeSync(output);
  let rootPeakMb = 0;
  const timer = setInterval(() => {
    rootPeakMb = Math.max(rootPeakMb, peakMemory(child.pid as number));
  }, lookEveryMs);
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
  const seconds = (performance.now() - began) / 1000;
  clearInterval(timer);
  if (status !== 0) throw new Error(`${name} ended with ${status}`);
  return { seconds, cpuSeconds: cpuSecondsOfChildren() - cpuBefore, rootPeakMb };
}

export interface Expected {
  readonly size: number;
  readonly hash: string;
}

export async function describeOutput(path: string): Promise<Expected> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return { size: statSync(path).size, hash: hash.digest('hex') };
}

/** Throws if these are not the results that were expected, in order where that is promised. */
export async function checkOutput(
  { name, inOrder }: CommandRival,
  path: string,
  expected: Expected,
): Promise<void> {
  const found = await describeOutput(path);
  if (found.size !== expected.size || (inOrder && found.hash !== expected.hash)) {
    throw new Error(
      `${name} wrote something else than the loop in one process: ${found.size} bytes, not ${expected.size}`,
    );
  }
}

/** Of those that have ended, and of theirs. */
function cpuSecondsOfChildren(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

function peakMemory(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
