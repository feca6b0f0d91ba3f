// What the workers do whose memory and time are measured.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { defineTasks } from 'forkyard';
import { type Kind, kinds } from './work.js';

/** What large-heap.ts leaves in a process that has loaded it. */
interface HeapHolder {
  benchHeap?: readonly { readonly values: readonly number[]; readonly name: string }[];
}

export const workerTasks = defineTasks(import.meta, {
  nothing: () => process.pid,
  square: (x: number) => x * x,

  /** Waits until `count` workers are at it, so that each of them is. */
  async onEach(arrived: Int32Array, count: number, step: Step): Promise<number> {
    Atomics.add(arrived, 0, 1);
    while (Atomics.load(arrived, 0) < count) await new Promise((resolve) => setTimeout(resolve, 2));
    return steps[step]();
  },

  /** Milliseconds. */
  time(kind: Kind): number {
    kinds[kind]();
    const start = performance.now();
    kinds[kind]();
    return performance.now() - start;
  },
});

const steps = {
  rest: () => 0,
  /** Reads every object of the preloaded heap. */
  readAll() {
    let sum = 0;
    for (const { values, name } of (globalThis as HeapHolder).benchHeap ?? [])
      sum += name.length + (values[0] as number) + (values.at(-1) as number);
    return sum;
  },
  /** A second of short-lived objects. */
  allocate() {
    let kept: unknown[] = [];
    for (const end = performance.now() + 1000; performance.now() < end; ) {
      kept = Array.from({ length: 1000 }, (_, i) => ({ i, text: `number ${i}` }));
    }
    return kept.length;
  },
  collect() {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    return 0;
  },
} as const;

export type Step = keyof typeof steps;
