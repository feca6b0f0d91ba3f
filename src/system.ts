// forkyard/system: CPUs, affinity and priorities of any process on this machine.
export { getAffinity, setAffinity, usableCpus } from './system/affinity.js';
export { cpuCount } from './system/cpu-count.js';
export {
  getIoPriority,
  type IoPriority,
  type IoPriorityClass,
  type IoPrioritySpec,
  setIoPriority,
} from './system/io-priority.js';
export { getPriority, setPriority } from './system/priority.js';
export { type CpuSpec, type ResolveCpusOptions, resolveCpus } from './system/resolve-cpus.js';
export {
  getScheduler,
  type Scheduler,
  type SchedulerPolicy,
  type SchedulerSpec,
  setScheduler,
} from './system/scheduler.js';
export type { TargetOptions } from './system/target.js';
export { type Cpu, type CpuCache, type Topology, type TopologyOptions, topology } from './system/topology.js';
