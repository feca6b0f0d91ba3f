// On which CPUs a process or a thread may run: getAffinity and setAffinity.
// Which worker gets which CPUs is resolve-cpus.ts; what CPUs there are is topology.ts.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { loadAddon } from '../native/load.js';
import { formatCpuList } from './cpu-list.js';
import { callSystem, isSystemError } from './refusal.js';
import { describeTarget, resolveTarget, type TargetOptions } from './target.js';

/** The CPUs, ascending. Throws `ResourceError` (`ERR_FORKYARD_NO_SUCH_PROCESS`). See sched_getaffinity(2). */
export function getAffinity(pid = 0, options?: TargetOptions): number[] {
  const target = resolveTarget('getAffinity', pid, options);
  return callSystem(target, () => loadAddon().getAffinity(target.id, target.thread));
}

/**
 * All threads of the process by default, those that it starts meanwhile included. Nothing is changed if it throws:
 * `RangeError` that names the CPUs that may be used if one of `cpus` may not, `ResourceError` if there is no such process
 * or it is another user's. See sched_setaffinity(2), which acts on one thread.
 */
export function setAffinity(pid: number, cpus: readonly number[], options?: TargetOptions): void {
  const target = resolveTarget('setAffinity', pid, options);
  const isSelf = target.id === 0 || target.id === process.pid;
  const wanted = isSelf
    ? checkCpus('setAffinity', 'cpus', cpus)
    : checkCpuNumbers('setAffinity', 'cpus', cpus);
  callSystem(target, () => {
    try {
      loadAddon().setAffinity(target.id, target.thread, wanted);
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EINVAL') throw error;
      const who = `CPUs that ${describeTarget(target)} may use`;
      throw argumentRangeError('setAffinity', 'cpus', `${who}, and ${formatCpuList(wanted)} are not`, cpus);
    }
  });
}

/** The CPUs that this process may give itself and its children: online and in its cpuset, whatever its mask is now. */
export function usableCpus(): number[] {
  return loadAddon().getUsableCpus();
}

/** Ascending, without repetition. Throws unless `cpus` is a list of CPUs that this process may use. */
export function checkCpus(
  method: string,
  name: string,
  cpus: unknown,
  usable: readonly number[] = usableCpus(),
): number[] {
  const wanted = checkCpuNumbers(method, name, cpus);
  const others = wanted.filter((cpu) => !usable.includes(cpu));
  if (others.length === 0) return wanted;
  const expected = `CPUs that this process may use (${formatCpuList(usable)}), which excludes ${formatCpuList(others)}`;
  throw argumentRangeError(method, name, expected, cpus);
}

function checkCpuNumbers(method: string, name: string, cpus: unknown): number[] {
  if (!Array.isArray(cpus)) throw argumentTypeError(method, name, 'an array of CPU numbers', cpus);
  if (cpus.length === 0) throw argumentRangeError(method, name, 'an array of at least one CPU number', cpus);
  // Not forEach, which would pass over the holes of a sparse array.
  for (let index = 0; index < cpus.length; index++) {
    const cpu: unknown = cpus[index];
    if (typeof cpu !== 'number') throw argumentTypeError(method, `${name}[${index}]`, 'a number', cpu);
    if (!Number.isInteger(cpu) || cpu < 0 || cpu > 0xffff_ffff) {
      throw argumentRangeError(method, `${name}[${index}]`, 'a CPU number', cpu);
    }
  }
  return [...new Set(cpus as number[])].sort((a, b) => a - b);
}
