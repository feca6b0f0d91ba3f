// The limits that control groups put on this process, versions 1 and 2 (cgroups(7)), from its own group up the tree.
// What is made of them: cpu-count.ts, and the quota of the shared memory in family/.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CgroupOptions {
  /** In front of all paths, also of those that the files name. Default `/`; tests hand in a tree of their own. */
  readonly root?: string;
}

/** CPUs' worth of time (1.5 is one and a half), the least up the tree; undefined without a limit. */
export function cgroupCpuLimit(options: CgroupOptions = {}): number | undefined {
  return leastLimit('cpu', options, { readV2: readCpuMax, readV1: readCfsQuota });
}

/** Bytes, the least up the tree; undefined without a limit. */
export function cgroupMemoryLimit(options: CgroupOptions = {}): number | undefined {
  return leastLimit('memory', options, {
    readV2: (directory) => readLimit(join(directory, 'memory.max')),
    readV1: (directory) => readLimit(join(directory, 'memory.limit_in_bytes')),
  });
}

/**
 * Bytes that may still be used, the least up the tree; undefined without a limit. What is cached of files counts as free,
 * where it was not used lately.
 */
export function cgroupMemoryLeft(options: CgroupOptions = {}): number | undefined {
  return leastLimit('memory', options, {
    readV2: (directory) =>
      memoryLeft(directory, { limit: 'memory.max', usage: 'memory.current', cache: 'inactive_file' }),
    readV1: (directory) =>
      memoryLeft(directory, {
        limit: 'memory.limit_in_bytes',
        usage: 'memory.usage_in_bytes',
        cache: 'total_inactive_file',
      }),
  });
}

type ReadLimit = (directory: string) => number | undefined;

/** A hybrid system mounts both versions and has each controller in one of them. */
function leastLimit(
  controller: string,
  { root = '/' }: CgroupOptions,
  { readV2, readV1 }: { readV2: ReadLimit; readV1: ReadLimit },
): number | undefined {
  const groups = readText(join(root, 'proc/self/cgroup')).split('\n');
  const mounts = readText(join(root, 'proc/self/mountinfo')).split('\n');
  const directories = (of: string | undefined) =>
    cgroupDirectories(root, ownPath(groups, of), findMount(mounts, of));
  const limits = [...directories(undefined).map(readV2), ...directories(controller).map(readV1)].filter(
    (limit) => limit !== undefined,
  );
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** `quota period` or `max period`, in microseconds. */
function readCpuMax(directory: string): number | undefined {
  const [quota, period] = readText(join(directory, 'cpu.max')).trim().split(/\s+/);
  return ratio(Number(quota), Number(period));
}

function readCfsQuota(directory: string): number | undefined {
  return ratio(
    Number(readText(join(directory, 'cpu.cfs_quota_us')) || Number.NaN),
    Number(readText(join(directory, 'cpu.cfs_period_us')) || Number.NaN),
  );
}

/** Undefined for `max`, -1 and what is missing. */
function ratio(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function memoryLeft(
  directory: string,
  names: { readonly limit: string; readonly usage: string; readonly cache: string },
): number | undefined {
  const limit = readLimit(join(directory, names.limit));
  if (limit === undefined) return undefined;
  const usage = readLimit(join(directory, names.usage)) ?? 0;
  const lines = readText(join(directory, 'memory.stat')).split('\n');
  const cached = Number(lines.find((line) => line.startsWith(`${names.cache} `))?.split(' ')[1] ?? 0);
  return Math.max(0, limit - Math.max(0, usage - cached));
}

function readLimit(path: string): number | undefined {
  const text = readText(path).trim();
  const bytes = text === '' ? Number.NaN : Number(text);
  // Version 1 says "no limit" with the largest whole number of pages.
  return bytes >= 0 && bytes < 2 ** 62 ? bytes : undefined;
}

/** This process's group in one hierarchy, then its parents up to what is mounted. */
function cgroupDirectories(root: string, path: string | undefined, mount: Mount | undefined): string[] {
  if (path === undefined || mount === undefined) return [];
  const directories = [join(root, mount.point)];
  for (const name of pathBelow(mount.root, path)) directories.unshift(join(directories[0], name));
  return directories;
}

/** Version 2 if no controller is given. */
function ownPath(groups: readonly string[], controller: string | undefined): string | undefined {
  for (const line of groups) {
    const match = /^(\d+):([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    const [, id, controllers, path] = match;
    const isIt = controller === undefined ? id === '0' : controllers.split(',').includes(controller);
    if (isIt) return path;
  }
  return undefined;
}

interface Mount {
  readonly root: string;
  readonly point: string;
}

/** proc_pid_mountinfo(5). The last mount on a place is the one that is seen. Version 2 if no controller is given. */
function findMount(lines: readonly string[], controller: string | undefined): Mount | undefined {
  const mounts = lines.flatMap((line) => {
    const [place, kind] = line.split(' - ');
    if (kind === undefined) return [];
    const [, , , mountRoot, point] = place.split(' ');
    const [type, , options = ''] = kind.split(' ');
    const isIt =
      controller === undefined
        ? type === 'cgroup2'
        : type === 'cgroup' && options.split(',').includes(controller);
    return isIt ? [{ root: unescapeMount(mountRoot), point: unescapeMount(point) }] : [];
  });
  return mounts.at(-1);
}

/** In a container the mount may show only a part of the tree; a group outside of it (`/..`) is seen as its top. */
function pathBelow(mountRoot: string, path: string): string[] {
  const names = (text: string) => text.split('/').filter((name) => name !== '');
  const above = names(mountRoot);
  const own = names(path);
  if (own.includes('..') || above.some((name, index) => own[index] !== name)) return [];
  return own.slice(above.length);
}

function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
