// Which processes have files of /dev/shm mapped or open, as /proc says it. Those of other users cannot be looked into.
import { readdirSync, readFileSync, statSync } from 'node:fs';

const folder = '/dev/shm';

/** Pids by the inodes of the files in /dev/shm. */
export function usersByInode(): ReadonlyMap<number, readonly number[]> {
  const device = statSync(folder).dev;
  const users = new Map<number, number[]>();
  for (const pid of pids()) {
    for (const inode of new Set([...mapped(pid, device), ...opened(pid, device)])) {
      users.set(inode, [...(users.get(inode) ?? []), pid]);
    }
  }
  return users;
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Lines of /proc/PID/maps: `from-to rights offset major:minor inode path`. */
function mapped(pid: number, device: number): number[] {
  const lines = attempt(() => readFileSync(`/proc/${pid}/maps`, 'latin1')).split('\n');
  // As gnu_dev_major and gnu_dev_minor take a device apart.
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  const own = [major, minor].map((part) => part.toString(16).padStart(2, '0')).join(':');
  return lines.flatMap((line) => {
    const [, , , where, inode] = line.split(/\s+/, 5);
    return where === own ? [Number(inode)] : [];
  });
}

function opened(pid: number, device: number): number[] {
  const fds = attempt(() => readdirSync(`/proc/${pid}/fd`).join(' ')).split(' ');
  return fds.flatMap((fd) => {
    const stat = fd === '' ? undefined : inspect(`/proc/${pid}/fd/${fd}`);
    return stat?.dev === device ? [stat.ino] : [];
  });
}

function inspect(path: string): { dev: number; ino: number } | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Empty for a process that has ended, or is another user's. */
function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
