// The default quota of the family's shared memory. A memfd has no limit of its own: without a quota, over-use would
// end in the kernel's out-of-memory killer instead of an error.
import { totalmem } from 'node:os';
import { cgroupMemoryLimit } from '../system/cgroup.js';
import { softLimit } from '../system/shortage.js';

let known: number | undefined;

// Of a control group's limit: its heaps, of this process and of all below it, count as well.
const shareOfGroup = 0.5;

/** Bytes: the least of the machine's memory, half of the cgroup's `memory.max` up the tree, and half of RLIMIT_AS. */
export function memoryLimitBytes(): number {
  known ??= Math.min(
    totalmem(),
    (cgroupMemoryLimit() ?? Infinity) * shareOfGroup,
    softLimit('Max address space') / 2,
  );
  return known;
}
