// The CPUs of this machine and how they are related, read from /sys/devices/system (the kernel's
// Documentation/admin-guide/cputopology.rst). Which of them may be used is affinity.ts, who gets which resolve-cpus.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCpuList } from './cpu-list.js';

export interface CpuCache {
  readonly level: number;
  readonly type: 'data' | 'instruction' | 'unified';
  readonly sizeBytes: number;
  /** Undefined where the kernel does not say. */
  readonly lineBytes: number | undefined;
  /** The CPUs that share it, this one included. */
  readonly cpus: readonly number[];
}

export interface Cpu {
  readonly cpu: number;
  /** The kernel's number of the core: unique within its package only. */
  readonly core: number;
  readonly package: number;
  /** NUMA node. */
  readonly node: number;
  /** The CPUs (hardware threads) of the same core, this one included. */
  readonly siblings: readonly number[];
  readonly caches: readonly CpuCache[];
  /** Undefined where no frequency driver says. */
  readonly maxFrequencyKhz: number | undefined;
}

export interface Topology {
  /** The CPUs that are online, ascending. */
  readonly cpus: readonly Cpu[];
  readonly offline: readonly number[];
  readonly nodes: readonly { readonly node: number; readonly cpus: readonly number[] }[];
  /** How many there are with a CPU online. */
  readonly packages: number;
  readonly cores: number;
}

export interface TopologyOptions {
  /** In front of /sys and /proc; tests hand in a tree of their own. */
  readonly root?: string;
}

/** Works without the addon. What a sandbox hides is filled in as a machine of one package with one CPU per core. */
export function topology({ root = '/' }: TopologyOptions = {}): Topology {
  const system = join(root, 'sys/devices/system');
  const nodes = readNodes(system);
  const cpus = onlineCpus(root, system).map((cpu) => readCpu(join(system, `cpu/cpu${cpu}`), cpu, nodes));
  return {
    cpus,
    offline: parseCpuList(readText(join(system, 'cpu/offline'))),
    nodes: nodes.length > 0 ? nodes : [{ node: 0, cpus: cpus.map(({ cpu }) => cpu) }],
    packages: new Set(cpus.map((cpu) => cpu.package)).size,
    cores: new Set(cpus.map((cpu) => cpu.siblings[0])).size,
  };
}

function onlineCpus(root: string, system: string): number[] {
  const online = parseCpuList(readText(join(system, 'cpu/online')));
  if (online.length > 0) return online;
  const listed = readText(join(root, 'proc/cpuinfo')).matchAll(/^processor\s*:\s*(\d+)/gm);
  return [...listed].map((match) => Number(match[1]));
}

function readNodes(system: string): { node: number; cpus: number[] }[] {
  return numberedEntries(join(system, 'node'), 'node')
    .map((node) => ({ node, cpus: parseCpuList(readText(join(system, `node/node${node}/cpulist`))) }))
    .filter(({ cpus }) => cpus.length > 0);
}

function readCpu(directory: string, cpu: number, nodes: Topology['nodes']): Cpu {
  const read = (name: string) => readText(join(directory, 'topology', name));
  const siblings = parseCpuList(read('core_cpus_list') || read('thread_siblings_list'));
  return {
    cpu,
    core: readNumber(read('core_id')) ?? cpu,
    package: readNumber(read('physical_package_id')) ?? 0,
    node: nodes.find(({ cpus }) => cpus.includes(cpu))?.node ?? 0,
    siblings: siblings.includes(cpu) ? siblings : [cpu],
    caches: readCaches(join(directory, 'cache'), cpu),
    maxFrequencyKhz: readNumber(readText(join(directory, 'cpufreq/cpuinfo_max_freq'))),
  };
}

function readCaches(directory: string, cpu: number): CpuCache[] {
  return numberedEntries(directory, 'index').flatMap((index) => {
    const read = (name: string) => readText(join(directory, `index${index}`, name)).trim();
    const level = readNumber(read('level'));
    const type = read('type').toLowerCase();
    if (level === undefined || (type !== 'data' && type !== 'instruction' && type !== 'unified')) return [];
    const shared = parseCpuList(read('shared_cpu_list'));
    return {
      level,
      type,
      sizeBytes: readSize(read('size')),
      lineBytes: readNumber(read('coherency_line_size')),
      cpus: shared.length > 0 ? shared : [cpu],
    };
  });
}

/** "32K", "8M"; 0 where the kernel does not say. */
function readSize(text: string): number {
  const match = /^(\d+)([KMG]?)/.exec(text);
  if (match === null) return 0;
  return Number(match[1]) * 1024 ** ' KMG'.indexOf(match[2] || ' ');
}

/** Undefined also for -1, which stands for "unknown". */
function readNumber(text: string): number | undefined {
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

/** The numbers n for which there is an entry `prefix`n, ascending. */
function numberedEntries(directory: string, prefix: string): number[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
