// CPU time of this process, its threads and its children, as Linux counts it; rivals/python/cputime.py does the same.
import { readdirSync, readFileSync } from 'node:fs';

/** Of those that live: who ended in between is missing. */
export function cpuMicroseconds(): number {
  return [process.pid, ...childrenOf(process.pid)].reduce((sum, pid) => sum + cpuOf(pid), 0);
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => Number(afterName(readOrNothing(`/proc/${name}/stat`))[1]) === parent)
    .map(Number);
}

/** The fields of a stat file from the state on: the name before it may have blanks and brackets. */
function afterName(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

// schedstat has nanoseconds, where stat counts ticks of 10 ms.
function cpuOf(pid: number): number {
  return readdirOrNothing(`/proc/${pid}/task`)
    .map((thread) => Number(readOrNothing(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1000)
    .reduce((sum, us) => sum + us, 0);
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readdirOrNothing(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
