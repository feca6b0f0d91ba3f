// Which worker of a pool runs on which CPUs: from what the user wrote (`cpus: ...`) to one list per worker.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { checkCpus, getAffinity, usableCpus } from './affinity.js';
import { type Cpu, topology } from './topology.js';

/**
 * One list for all workers; one list per worker; or one CPU for each worker, chosen so that they share as little
 * ('spread': other nodes first, then other cores) or as much ('compact': the threads of one core first) as possible.
 */
export type CpuSpec = readonly number[] | readonly (readonly number[])[] | 'spread' | 'compact';

export interface ResolveCpusOptions {
  /** For messages. Default `resolveCpus` and `cpus`. */
  readonly method?: string;
  readonly name?: string;
  /** The machine; default this one. */
  readonly cpus?: readonly Cpu[];
  /** What 'spread' and 'compact' choose from; default the affinity mask of the calling thread. */
  readonly allowed?: readonly number[];
  /** What a list may name; default all that this process may use. */
  readonly usable?: readonly number[];
}

/**
 * One ascending list of CPUs per worker. With more workers than CPUs 'spread' and 'compact' begin again from the first.
 * Throws `TypeError` or `RangeError` for another spec, a CPU that may not be used, or lists that are not one per worker.
 */
export function resolveCpus(spec: CpuSpec, workers: number, options: ResolveCpusOptions = {}): number[][] {
  const { method = 'resolveCpus', name = 'cpus' } = options;
  if (!Number.isInteger(workers) || workers < 1) {
    throw argumentRangeError(method, 'workers', 'a whole number of at least 1', workers);
  }
  if (spec === 'spread' || spec === 'compact') return assignOneEach(spec, workers, options);
  if (!Array.isArray(spec)) {
    throw argumentTypeError(
      method,
      name,
      "an array of CPUs, one array per worker, 'spread' or 'compact'",
      spec,
    );
  }
  const usable = options.usable ?? usableCpus();
  if (!spec.some(Array.isArray)) {
    const shared = checkCpus(method, name, spec, usable);
    return Array.from({ length: workers }, () => [...shared]);
  }
  if (spec.length !== workers) {
    throw argumentRangeError(method, name, `one list of CPUs for each of the ${workers} workers`, spec);
  }
  return Array.from(spec, (list: unknown, index) => checkCpus(method, `${name}[${index}]`, list, usable));
}

function assignOneEach(
  spec: 'spread' | 'compact',
  workers: number,
  { cpus = topology().cpus, allowed = getAffinity(0, { thread: true }) }: ResolveCpusOptions,
): number[][] {
  const known = new Map(cpus.map((cpu) => [cpu.cpu, cpu]));
  const groups = groupByNode(allowed.map((cpu) => known.get(cpu) ?? unknownCpu(cpu)));
  const order = spec === 'compact' ? groups.flat(2) : spreadOut(groups);
  return Array.from({ length: workers }, (_, index) => [order[index % order.length]]);
}

/** Per NUMA node, per core: its CPUs. Nodes are in such an order that neighbours are in different packages. */
function groupByNode(cpus: readonly Cpu[]): number[][][] {
  const nodes = new Map<string, { package: number; cores: Map<number, number[]> }>();
  for (const cpu of cpus) {
    const key = `${cpu.package}:${cpu.node}`;
    const node = nodes.get(key) ?? { package: cpu.package, cores: new Map<number, number[]>() };
    nodes.set(key, node);
    const core = cpu.siblings[0];
    node.cores.set(core, [...(node.cores.get(core) ?? []), cpu.cpu]);
  }
  return [...nodes.values()].map((node) => [...node.cores.values()]);
}

/** First one CPU of every core, in turn from each node, then the second ones. */
function spreadOut(nodes: readonly (readonly (readonly number[])[])[]): number[] {
  const order: number[] = [];
  const threads = Math.max(...nodes.flat().map((core) => core.length));
  const cores = Math.max(...nodes.map((node) => node.length));
  for (let thread = 0; thread < threads; thread++) {
    for (let core = 0; core < cores; core++) {
      for (const node of nodes) {
        const cpu = node[core]?.[thread];
        if (cpu !== undefined) order.push(cpu);
      }
    }
  }
  return order;
}

function unknownCpu(cpu: number): Cpu {
  return { cpu, core: cpu, package: 0, node: 0, siblings: [cpu], caches: [], maxFrequencyKhz: undefined };
}
