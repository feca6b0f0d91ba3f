// What the kernel says about processes, descriptors and shared memory, read from /proc and /dev/shm.
// What of it counts as a leak is decided in leak-check.ts.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  /** R, S, D, T, Z ... as in proc(5); Z is a zombie. */
  readonly state: string;
  /** Empty for a zombie. */
  readonly commandLine: string;
  /** The name of its main thread. */
  readonly name: string;
}

/** All processes that can be read at this moment. */
export function allProcesses(): ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processInfo(Number(name)))
    .filter((info) => info !== undefined);
}

/** Undefined when there is no such process (any more). */
export function processInfo(pid: number): ProcessInfo | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name of the program is in parentheses and may hold any character.
  const nameEnd = stat.lastIndexOf(')');
  const name = stat.slice(stat.indexOf('(') + 1, nameEnd);
  const [state, parentPid] = stat.slice(nameEnd + 2).split(' ');
  const commandLine = (readOrUndefined(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
  return { pid, parentPid: Number(parentPid), state, commandLine, name };
}

/** Its parent, the parent of that, and so on: with fork servers a child's parent is one of them. */
export function ancestorsOf(pid: number): number[] {
  const parent = processInfo(pid)?.parentPid ?? 0;
  return parent === 0 ? [] : [parent, ...ancestorsOf(parent)];
}

/** The living and zombie descendants of a process, without itself. */
export function processesOf(rootPid: number): ProcessInfo[] {
  const all = allProcesses();
  const found: ProcessInfo[] = [];
  const parents = new Set([rootPid]);
  // Children may have lower numbers than their parents, so go on until a round finds nothing more.
  for (let before = -1; before !== found.length; ) {
    before = found.length;
    for (const info of all) {
      if (parents.has(info.pid) || !parents.has(info.parentPid)) continue;
      parents.add(info.pid);
      found.push(info);
    }
  }
  return found;
}

/** The same without fork servers and what they have in reserve. */
export function workersOf(rootPid: number): ProcessInfo[] {
  return processesOf(rootPid).filter((info) => !isForkServer(info) && !isSpare(info));
}

/** A copy that a fork server has made for whoever asks next. */
export function isSpare({ name }: ProcessInfo): boolean {
  return name === 'forkyard-spare';
}

/** Its children have the same command line, and are none. */
export function isForkServer({ commandLine, parentPid }: ProcessInfo): boolean {
  const isOne = (line: string | undefined) => line?.endsWith('/lib/entry/forkserver.js') === true;
  return isOne(commandLine) && !isOne(processInfo(parentPid)?.commandLine);
}

/** Processes that were started with this in their environment, wherever they hang in the tree now. */
export function processesWithVariable(name: string, value: string): ProcessInfo[] {
  return allProcesses().filter(({ pid }) =>
    readOrUndefined(`/proc/${pid}/environ`)?.split('\0').includes(`${name}=${value}`),
  );
}

/** Names in /dev/shm: shared memory as `name`, named semaphores as `sem.name`. */
export function shmEntries(): string[] {
  return readdirSync('/dev/shm').sort();
}

/** The processes that have this entry of /dev/shm mapped or open. */
export function shmUsers(entry: string): ProcessInfo[] {
  const path = `/dev/shm/${entry}`;
  return allProcesses().filter(({ pid }) => {
    const isMapped = readOrUndefined(`/proc/${pid}/maps`)
      ?.split('\n')
      .some((line) => line.endsWith(` ${path}`));
    return isMapped || openFiles(pid).some((file) => file.target === path);
  });
}

export interface OpenFile {
  readonly fd: number;
  /** What /proc/PID/fd/N points to: a path, `pipe:[1234]`, `socket:[1234]`, `anon_inode:[eventpoll]`, `/memfd:name (deleted)`. */
  readonly target: string;
}

/** Default: this process. Descriptors that are gone by the time they are read are left out. */
export function openFiles(pid: number | 'self' = 'self'): OpenFile[] {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      return [{ fd: Number(name), target: readlinkSync(`/proc/${pid}/fd/${name}`) }];
    } catch {
      return [];
    }
  });
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
