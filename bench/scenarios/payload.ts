// A typed array goes to a worker, which writes to it, and comes back; the caller keeps its own.
import { type BenchPool, median, type Scenario, scaled } from '../scenario.js';
import { timesRival } from '../targets.js';

export const payload: readonly Scenario[] = [
  { ...payloadOf('64 KiB', 2 ** 16), name: 'payload-64k', fullOnly: true },
  { ...payloadOf('1 MiB', 2 ** 20), name: 'payload-1m', fullOnly: true },
  {
    ...payloadOf('16 MiB', 2 ** 24),
    name: 'payload-16m',
    targets: [timesRival('worker_threads', 1), timesRival('child_process', 3)],
  },
  { ...payloadOf('256 MiB', 2 ** 28), name: 'payload-256m', fullOnly: true },
];

function payloadOf(size: string, bytes: number): Omit<Scenario, 'name'> {
  return {
    group: 'payload',
    title: `${size} Float64Array to a worker and back`,
    task: 'touchEnds',
    unit: 'ms',
    better: 'lower',
    needs: 'typed arrays',
    parameters: { bytes },
    async measure(open, settings) {
      const length = scaled(bytes / Float64Array.BYTES_PER_ELEMENT, settings);
      const array = Float64Array.from({ length }, (_, index) => index);
      const pool = await open();
      await roundTrips(pool, array, settings.warmUpMs);
      const times = await roundTrips(pool, array, settings.measureMs);
      await pool.close();
      return { value: median(times), details: { rounds: times.length, worstMs: Math.max(...times) } };
    },
  };
}

/** Milliseconds of each round trip, one after the other. */
async function roundTrips(pool: BenchPool, array: Float64Array, ms: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  while (times.length === 0 || performance.now() < end) {
    const start = performance.now();
    const result = await pool.call(array);
    times.push(performance.now() - start);
    check(result, array);
  }
  return times;
}

function check(result: unknown, sent: Float64Array): void {
  if (!(result instanceof Float64Array)) throw new Error(`no Float64Array came back, but ${typeof result}`);
  if (result.length !== sent.length) throw new Error(`${result.length} elements of ${sent.length} came back`);
  const last = sent.length - 1;
  if (sent[0] !== 0 || sent[last] !== last) throw new Error("the worker wrote to the caller's own array");
  // One element of each page of 4 KiB.
  for (let i = 0; i < last; i += 512) {
    if (result[i] !== (i === 0 ? 1 : i)) throw new Error(`element ${i} came back as ${result[i]}`);
  }
  if (result[last] !== last + 1) throw new Error(`the last element came back as ${result[last]}`);
}
