// What a figure is worth nothing without: the machine, the versions, the commit.
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, getPriority, loadavg, release, totalmem } from 'node:os';
import { findPackage } from './rivals/find-package.js';

export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string;
  readonly date: string;
  /** Mean number of processes that wanted to run in the minute before: 0 on a quiet machine. */
  readonly loadBefore: number;
  /** The nice value that all rivals ran at: 0 unless somebody chose another. */
  readonly nice: number;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    node: process.version,
    commit: commit(),
    date: new Date().toISOString(),
    loadBefore: Math.round((loadavg()[0] as number) * 10) / 10,
    nice: getPriority(),
  };
}

function commit(): string {
  const cwd = findPackage('forkyard').folder;
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const isChanged = git('status', '--porcelain', '--', 'src', 'native', 'bench') !== '';
    return git('rev-parse', '--short', 'HEAD') + (isChanged ? ' with changes' : '');
  } catch {
    return 'unknown';
  }
}
