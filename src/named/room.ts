// Whether so much memory may be taken at all. What the file system and the machine have left the addon asks for itself;
// beyond the limit of a control group there is no error, but the kernel's out-of-memory killer.
import { ResourceError } from '../errors.js';
import { cgroupMemoryLeft } from '../system/cgroup.js';

// Reading the limits takes longer than making something small.
const smallBytes = 2 ** 20;
const outOfMemory = 12;

/** Throws `ResourceError` with `errno` ENOMEM if the control group's limit does not leave `bytes`. */
export function checkRoom(method: string, bytes: number): void {
  if (bytes < smallBytes) return;
  const left = cgroupMemoryLeft();
  if (left === undefined || bytes <= left) return;
  throw new ResourceError(
    `${method}: ${bytes} bytes are more than the ${left} that the memory limit of this control group leaves ` +
      '(memory.max): ask for less, or raise the limit (ENOMEM)',
    { errno: outOfMemory, syscall: 'posix_fallocate' },
  );
}
