// CPU time of this process, its threads and its descendants, as Linux counts it; rivals/python/cputime.py has the same.
import { readdirSync, readFileSync } from 'node:fs';

/** Of those that live: what ended in between is missing. `except`: pids that are left out with their descendants. */
export function cpuMicroseconds(except: readonly number[] = []): number {
  const children = readChildren();
  const sumOf = (pid: number): number =>
    except.includes(pid)
      ? 0
      : cpuOf(pid) + (children.get(pid) ?? []).reduce((sum, child) => sum + sumOf(child), 0);
  return sumOf(process.pid);
}

/** Workers may be children of a server of their own. */
function readChildren(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(afterName(readOrNothing(`/proc/${name}/stat`))[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
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
