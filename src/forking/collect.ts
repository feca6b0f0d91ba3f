// The heap of a server before its children share it. What is young is moved by the first collection of each child, and
// what is garbage is swept by it: either way the child gets pages of its own.
import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';

// V8 sweeps when it needs room, which is in each child: half a millisecond of each start. A heap of this size costs more.
const largeBytes = 32 * 2 ** 20;

/** Whether what was preloaded is so much that a collection pays. */
export function hasLargeHeap(): boolean {
  return process.memoryUsage().heapUsed > largeBytes;
}

/** Collects all garbage; what is left is old. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}
