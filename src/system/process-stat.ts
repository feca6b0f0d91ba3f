// What the kernel says of any process in /proc/<pid>/stat (proc(5)).
import { readFileSync } from 'node:fs';

/** Its fields from the third on: the state comes first. Undefined if there is no such process. */
export function processStat(pid: number): readonly string[] | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second is a name in parentheses, and may contain anything.
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
}

/** By SIGSTOP, or by a debugger: it does not answer then, and nobody is told. */
export function isStopped(pid: number): boolean {
  return /^[Tt]$/.test(processStat(pid)?.[0] ?? '');
}
