// The default quota of the family's shared memory. A memfd has no limit of its own: without a quota, over-use would
// end in the kernel's out-of-memory killer instead of an error.
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { cgroupMemoryLimit } from '../system/cgroup.js';

let known: number | undefined;

/** Bytes: the least of the machine's memory, the cgroup's `memory.max` up the tree, and half of RLIMIT_AS. */
export function memoryLimitBytes(): number {
  known ??= Math.min(totalmem(), cgroupMemoryLimit() ?? Infinity, addressSpaceLimit() / 2);
  return known;
}

function addressSpaceLimit(): number {
  const line = /^Max address space\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line?.[1] === undefined || line[1] === 'unlimited' ? Infinity : Number(line[1]);
}
