// The topology of this machine, judged by lscpu, and of machines that are not at hand, as trees of files.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { topology } from '../../lib/system/topology.js';
import { withTree } from './file-tree.js';

const lscpu = spawnSync('lscpu', ['--parse=CPU,CORE,SOCKET,NODE'], { encoding: 'utf8' });

/** Which CPUs have the same value: numbering differs between programs, grouping does not. */
function groups<T>(items: readonly T[], cpuOf: (item: T) => number, keyOf: (item: T) => unknown): number[][] {
  const byKey = new Map<unknown, number[]>();
  for (const item of items) byKey.set(keyOf(item), [...(byKey.get(keyOf(item)) ?? []), cpuOf(item)]);
  return [...byKey.values()];
}

test.skipIf(lscpu.status !== 0)('cores, packages and nodes are those of lscpu (needs it)', () => {
  const rows = lscpu.stdout
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(',').map(Number));
  const { cpus, cores, packages } = topology();
  expect(cpus.map(({ cpu }) => cpu)).toEqual(rows.map(([cpu]) => cpu));
  const ours = (key: (cpu: (typeof cpus)[number]) => unknown) => groups(cpus, ({ cpu }) => cpu, key);
  const theirs = (column: number) =>
    groups(
      rows,
      ([cpu]) => cpu,
      (row) => row[column],
    );
  expect(ours(({ siblings }) => siblings[0])).toEqual(theirs(1));
  expect(ours((cpu) => cpu.package)).toEqual(theirs(2));
  expect(ours(({ node }) => node)).toEqual(theirs(3));
  expect(cores).toBe(theirs(1).length);
  expect(packages).toBe(theirs(2).length);
});

test('the caches of a CPU include itself and grow with the level', () => {
  for (const { cpu, caches } of topology().cpus) {
    for (const cache of caches) {
      expect(cache.cpus).toContain(cpu);
      expect(cache.level).toBeGreaterThanOrEqual(1);
    }
  }
});

const twoNodes: Record<string, string> = {
  'sys/devices/system/cpu/online': '0-6\n',
  'sys/devices/system/cpu/offline': '7\n',
  'sys/devices/system/node/node0/cpulist': '0,2,4,6\n',
  'sys/devices/system/node/node1/cpulist': '1,3,5\n',
  // A node of memory alone.
  'sys/devices/system/node/node2/cpulist': '\n',
};
for (let cpu = 0; cpu < 7; cpu++) {
  const directory = `sys/devices/system/cpu/cpu${cpu}`;
  const siblings = [cpu % 4, (cpu % 4) + 4].filter((sibling) => sibling < 7);
  twoNodes[`${directory}/topology/core_id`] = `${(cpu % 4) >> 1}\n`;
  twoNodes[`${directory}/topology/physical_package_id`] = `${cpu % 2}\n`;
  twoNodes[`${directory}/topology/thread_siblings_list`] = `${siblings.join(',')}\n`;
  twoNodes[`${directory}/cpufreq/cpuinfo_max_freq`] = '3600000\n';
  twoNodes[`${directory}/cache/index0/level`] = '1\n';
  twoNodes[`${directory}/cache/index0/type`] = 'Data\n';
  twoNodes[`${directory}/cache/index0/size`] = '32K\n';
  twoNodes[`${directory}/cache/index0/coherency_line_size`] = '64\n';
  twoNodes[`${directory}/cache/index0/shared_cpu_list`] = `${siblings.join(',')}\n`;
  twoNodes[`${directory}/cache/index10/level`] = '3\n';
  twoNodes[`${directory}/cache/index10/type`] = 'Unified\n';
  twoNodes[`${directory}/cache/index10/size`] = '8M\n';
}

test('a machine of two nodes with two threads per core, one of them offline', () => {
  const seen = withTree(twoNodes, (root) => topology({ root }));
  expect(seen.offline).toEqual([7]);
  expect(seen.packages).toBe(2);
  expect(seen.cores).toBe(4);
  expect(seen.nodes).toEqual([
    { node: 0, cpus: [0, 2, 4, 6] },
    { node: 1, cpus: [1, 3, 5] },
  ]);
  expect(seen.cpus.map(({ siblings }) => siblings)).toEqual([
    [0, 4],
    [1, 5],
    [2, 6],
    [3],
    [0, 4],
    [1, 5],
    [2, 6],
  ]);
  expect(seen.cpus[5]).toEqual({
    cpu: 5,
    core: 0,
    package: 1,
    node: 1,
    siblings: [1, 5],
    caches: [
      { level: 1, type: 'data', sizeBytes: 32768, lineBytes: 64, cpus: [1, 5] },
      { level: 3, type: 'unified', sizeBytes: 8 << 20, lineBytes: undefined, cpus: [5] },
    ],
    maxFrequencyKhz: 3_600_000,
  });
});

test('a sandbox that shows only /proc/cpuinfo has one CPU per core', () => {
  const cpuinfo = 'processor\t: 0\nmodel name\t: x\n\nprocessor\t: 1\nmodel name\t: x\n';
  const seen = withTree({ 'proc/cpuinfo': cpuinfo }, (root) => topology({ root }));
  expect(seen.cpus.map(({ cpu, siblings }) => [cpu, siblings])).toEqual([
    [0, [0]],
    [1, [1]],
  ]);
  expect(seen).toMatchObject({ packages: 1, cores: 2, nodes: [{ node: 0, cpus: [0, 1] }] });
});

test('ids that the kernel does not know (-1) are package 0 and a core of their own', () => {
  const tree = {
    'sys/devices/system/cpu/online': '0-1\n',
    'sys/devices/system/cpu/cpu0/topology/physical_package_id': '-1\n',
    'sys/devices/system/cpu/cpu1/topology/core_id': '-1\n',
  };
  const seen = withTree(tree, (root) => topology({ root }));
  expect(seen.cpus.map((cpu) => [cpu.core, cpu.package])).toEqual([
    [0, 0],
    [1, 0],
  ]);
});
