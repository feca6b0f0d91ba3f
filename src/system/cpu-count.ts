// How many CPUs this program should count on: what the number of workers is by default.
// Which CPUs those are is affinity.ts; the limits of control groups are cgroup.ts.
import { argumentRangeError } from '../errors.js';
import { loadAddon } from '../native/load.js';
import { cgroupCpuLimit } from './cgroup.js';

// Reading it takes half a millisecond: a third of the time that the making of a pool takes.
const quotaAgesMs = 1000;
let quota: number | undefined;
let quotaReadAt = Number.NEGATIVE_INFINITY;

/**
 * The number of CPUs that the calling thread may run on, but no more than the time that its control groups allow (a
 * quota of 1.5 CPUs counts as 2; another quota is noticed within a second). At least 1. The environment variable
 * FORKYARD_CPU_COUNT takes the place of the control groups' limit; it cannot go beyond the affinity mask. Throws a
 * `RangeError` if it is not a whole number of at least 1.
 */
export function cpuCount(): number {
  return countCpus({
    allowed: loadAddon().getAffinity(0, true).length,
    quota: currentQuota(),
    override: process.env.FORKYARD_CPU_COUNT,
  });
}

function currentQuota(): number | undefined {
  const now = performance.now();
  if (now - quotaReadAt > quotaAgesMs) {
    quota = cgroupCpuLimit();
    quotaReadAt = now;
  }
  return quota;
}

export interface CpuBounds {
  /** CPUs in the affinity mask. */
  readonly allowed: number;
  /** CPUs' worth of time; undefined without a limit. */
  readonly quota: number | undefined;
  /** The text of FORKYARD_CPU_COUNT; undefined or empty without one. */
  readonly override: string | undefined;
}

export function countCpus({ allowed, quota = Number.POSITIVE_INFINITY, override }: CpuBounds): number {
  const wanted = override === undefined || override === '' ? Math.ceil(quota) : parseOverride(override);
  return Math.max(1, Math.min(allowed, wanted));
}

function parseOverride(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw argumentRangeError('cpuCount', 'FORKYARD_CPU_COUNT', 'a whole number of at least 1', text);
}
