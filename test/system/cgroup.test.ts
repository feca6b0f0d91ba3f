// Limits of control groups of both versions, in trees of files as containers and service managers make them.
import { expect, test } from 'vitest';
import { cgroupCpuLimit, cgroupMemoryLeft, cgroupMemoryLimit } from '../../lib/system/cgroup.js';
import { withTree } from './file-tree.js';

const v2Mount = '29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
const v1Mounts =
  '30 29 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n' +
  '31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct\n' +
  '32 30 0:29 / /sys/fs/cgroup/cpuset rw shared:6 - cgroup cgroup rw,cpuset\n' +
  '33 30 0:30 / /sys/fs/cgroup/memory rw shared:7 - cgroup cgroup rw,memory\n';

type Tree = Record<string, string>;
const v2 = (path: string, files: Tree): Tree => ({
  'proc/self/cgroup': `0::${path}\n`,
  'proc/self/mountinfo': v2Mount,
  ...files,
});
const v1 = (path: string, files: Tree): Tree => ({
  'proc/self/cgroup': `5:memory:${path}\n4:cpuset:/other\n3:cpu,cpuacct:${path}\n1:name=systemd:${path}\n0::${path}\n`,
  'proc/self/mountinfo': v1Mounts,
  ...files,
});
const cpu = (tree: Tree) => withTree(tree, (root) => cgroupCpuLimit({ root }));
const memoryLeft = (tree: Tree) => withTree(tree, (root) => cgroupMemoryLeft({ root }));
const memory = (tree: Tree) => withTree(tree, (root) => cgroupMemoryLimit({ root }));

test('version 2: a quota of the own group', () => {
  expect(cpu(v2('/a/b', { 'sys/fs/cgroup/a/b/cpu.max': '150000 100000\n' }))).toBe(1.5);
});

test('version 2: the least quota up the tree counts, whatever the own group says', () => {
  const own = 'sys/fs/cgroup/a/b/c/cpu.max';
  const files = {
    'sys/fs/cgroup/a/cpu.max': '200000 100000\n',
    'sys/fs/cgroup/a/b/cpu.max': '300000 50000\n',
  };
  expect(cpu(v2('/a/b/c', { ...files, [own]: 'max 100000\n' }))).toBe(2);
  expect(cpu(v2('/a/b/c', { ...files, [own]: '50000 100000\n' }))).toBe(0.5);
  expect(cpu(v2('/a/b/c', files))).toBe(2);
});

test('version 2: the quota of another group does not count', () => {
  expect(
    cpu(
      v2('/a', { 'sys/fs/cgroup/a/b/cpu.max': '1000 100000\n', 'sys/fs/cgroup/c/cpu.max': '1000 100000\n' }),
    ),
  ).toBe(undefined);
});

test('version 2: no limit, no files, no control groups at all', () => {
  expect(cpu(v2('/', { 'sys/fs/cgroup/cpu.max': 'max 100000\n' }))).toBe(undefined);
  expect(cpu(v2('/', {}))).toBe(undefined);
  expect(cpu({})).toBe(undefined);
  expect(memory({})).toBe(undefined);
});

test('version 2: nonsense in the files is no limit', () => {
  for (const text of ['', '\n', 'x y\n', '0 0\n', '-1 100000\n', '100000\n']) {
    expect(cpu(v2('/', { 'sys/fs/cgroup/cpu.max': text }))).toBe(undefined);
  }
});

test('a container whose mount shows only its own part of the tree', () => {
  const mountinfo = '29 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n';
  const tree = { 'proc/self/mountinfo': mountinfo, 'sys/fs/cgroup/cpu.max': '50000 25000\n' };
  expect(cpu({ ...tree, 'proc/self/cgroup': '0::/docker/abc\n' })).toBe(2);
  expect(
    cpu({
      ...tree,
      'proc/self/cgroup': '0::/docker/abc/sub\n',
      'sys/fs/cgroup/sub/cpu.max': '25000 25000\n',
    }),
  ).toBe(1);
  // Seen from a namespace that it is not below.
  expect(cpu({ ...tree, 'proc/self/cgroup': '0::/../other\n' })).toBe(2);
});

test('a mount point with a space in its name', () => {
  const mountinfo = '29 23 0:26 / /sys/fs/c\\040group rw - cgroup2 cgroup2 rw\n';
  expect(
    cpu({
      'proc/self/cgroup': '0::/a\n',
      'proc/self/mountinfo': mountinfo,
      'sys/fs/c group/a/cpu.max': '400000 100000\n',
    }),
  ).toBe(4);
});

test('version 1: quota and period, up the tree, -1 for none', () => {
  const directory = 'sys/fs/cgroup/cpu,cpuacct/a';
  const quota = (path: string, us: number) => ({
    [`${path}/cpu.cfs_quota_us`]: `${us}\n`,
    [`${path}/cpu.cfs_period_us`]: '100000\n',
  });
  expect(cpu(v1('/a/b', quota(`${directory}/b`, 250_000)))).toBe(2.5);
  expect(cpu(v1('/a/b', { ...quota(`${directory}/b`, -1), ...quota(directory, 100_000) }))).toBe(1);
  expect(cpu(v1('/a/b', quota(directory, -1)))).toBe(undefined);
});

test('memory: the least limit up the tree in both versions', () => {
  const files = { 'sys/fs/cgroup/memory.max': '4000000\n', 'sys/fs/cgroup/a/memory.max': 'max\n' };
  expect(memory(v2('/a', files))).toBe(4_000_000);
  expect(memory(v2('/a', { ...files, 'sys/fs/cgroup/a/memory.max': '0\n' }))).toBe(0);
  const limit = 'sys/fs/cgroup/memory/a/memory.limit_in_bytes';
  expect(memory(v1('/a', { [limit]: '1048576\n' }))).toBe(1_048_576);
  expect(memory(v1('/a', { [limit]: '9223372036854771712\n' }))).toBe(undefined);
});

test('the groups of this very process can be read', () => {
  for (const limit of [cgroupCpuLimit(), cgroupMemoryLimit()]) {
    expect(limit === undefined || limit > 0).toBe(true);
  }
});

test('what is left of the memory: the least up the tree, with what is cached of files and not in use', () => {
  const group = 'sys/fs/cgroup/a';
  const files: Tree = {
    [`${group}/b/memory.max`]: 'max\n',
    [`${group}/b/memory.current`]: '900\n',
    [`${group}/memory.max`]: '1000\n',
    [`${group}/memory.current`]: '800\n',
    [`${group}/memory.stat`]: 'anon 100\nfile 700\ninactive_file 300\nactive_file 400\n',
  };
  expect(memoryLeft(v2('/a/b', files))).toBe(500);
  expect(memoryLeft(v2('/a/b', { ...files, [`${group}/memory.current`]: '2000\n' }))).toBe(0);
  expect(memoryLeft(v2('/a/b', { ...files, [`${group}/memory.stat`]: '' }))).toBe(200);
  expect(memoryLeft(v2('/a/b', { ...files, [`${group}/memory.max`]: 'max\n' }))).toBe(undefined);
  expect(
    memoryLeft(
      v1('/a', {
        'sys/fs/cgroup/memory/a/memory.limit_in_bytes': '1000\n',
        'sys/fs/cgroup/memory/a/memory.usage_in_bytes': '600\n',
        'sys/fs/cgroup/memory/a/memory.stat': 'inactive_file 1\ntotal_inactive_file 50\n',
      }),
    ),
  ).toBe(450);
});
