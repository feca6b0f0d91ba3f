// What the processes do that share a lock.
import { defineTasks, type Lock, type SharedArray } from 'forkyard';

export interface Hammered {
  readonly acquired: number;
  readonly longestWaitMs: number;
}

/** Words of the shared numbers: how many have begun, whether to stop, who was last, how often it was another. */
export const words = { begun: 0, stop: 1, last: 2, handOvers: 3 } as const;

export const tasks = defineTasks(import.meta, {
  /** Takes and releases it without a pause. */
  hammer(lock: Lock, numbers: SharedArray<'int32'>, members: number): Hammered {
    let acquired = 0;
    let longestWaitMs = 0;
    Atomics.add(numbers, words.begun, 1);
    while (Atomics.load(numbers, words.begun) < members);
    while (Atomics.load(numbers, words.stop) === 0) {
      const before = performance.now();
      const guard = lock.acquireSync();
      longestWaitMs = Math.max(longestWaitMs, performance.now() - before);
      if (numbers[words.last] !== process.pid) {
        numbers[words.last] = process.pid;
        (numbers[words.handOvers] as number)++;
      }
      acquired++;
      guard.release();
    }
    return { acquired, longestWaitMs };
  },
});
