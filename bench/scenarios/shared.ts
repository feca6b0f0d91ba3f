// Memory that both sides see: a worker is handed an array, writes to it, and the caller finds that in its own.
import { type BenchPool, percentile, type Scenario, scaled } from '../scenario.js';
import { atMost } from '../targets.js';

export const shared: readonly Scenario[] = [
  { ...sharedOf('64 KiB', 2 ** 16), name: 'shared-64k', fullOnly: true },
  { ...sharedOf('1 MiB', 2 ** 20), name: 'shared-1m', fullOnly: true },
  { ...sharedOf('16 MiB', 2 ** 24), name: 'shared-16m' },
  { ...sharedOf('256 MiB', 2 ** 28), name: 'shared-256m', fullOnly: true },
];

function sharedOf(size: string, bytes: number): Omit<Scenario, 'name'> {
  return {
    group: 'shared',
    title: `${size} of shared memory, written by a worker`,
    task: 'touchShared',
    unit: 'µs',
    better: 'lower',
    needs: 'shared memory',
    parameters: { bytes },
    targets: [atMost(50)],
    async measure(open, settings) {
      const pool = await open();
      if (pool.share === undefined) throw new Error('a rival without shared memory takes no part in this');
      const array = pool.share(scaled(bytes / Float64Array.BYTES_PER_ELEMENT, settings));
      await touch(pool, array, settings.warmUpMs);
      const times = await touch(pool, array, settings.measureMs);
      await pool.close();
      return {
        value: percentile(times, 0.5),
        details: { rounds: times.length, p99: percentile(times, 0.99) },
      };
    },
  };
}

/** Microseconds of each call, one after the other. */
async function touch(pool: BenchPool, array: Float64Array, ms: number): Promise<number[]> {
  const times: number[] = [];
  const last = array.length - 1;
  const end = performance.now() + ms;
  while (times.length === 0 || performance.now() < end) {
    const expected = (array[0] as number) + 1;
    array[last] = -expected;
    const start = performance.now();
    const result = await pool.call(array);
    times.push((performance.now() - start) * 1000);
    if (result !== expected) throw new Error(`the worker saw another array: it gave ${String(result)}`);
    if (array[0] !== expected || array[last] !== 1 - expected) {
      throw new Error('what the worker wrote never came back to the caller');
    }
  }
  return times;
}
