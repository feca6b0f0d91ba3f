// Whether a process is stopped: it does not answer then, and nobody is told.
import { readFileSync } from 'node:fs';

/** By SIGSTOP, or by a debugger. */
export function isStopped(pid: number): boolean {
  return /^[Tt]$/.test(stateOf(pid));
}

// proc(5): the third field, behind a name that may contain anything.
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] as string;
  } catch {
    return '';
  }
}
