// A typed array of 16 MiB goes to a worker, which writes to it, and comes back; the caller keeps its own.
import { type BenchPool, median, type Scenario } from '../scenario.js';

const elements = (16 * 2 ** 20) / Float64Array.BYTES_PER_ELEMENT;
const leastRounds = 3;

export const largeArrays: Scenario = {
  name: 'large-arrays',
  title: '16 MiB Float64Array to a worker and back',
  task: 'touchEnds',
  unit: 'ms',
  better: 'lower',
  binary: true,
  async measure(open, { warmUpMs, measureMs }) {
    const array = Float64Array.from({ length: elements }, (_, index) => index);
    const pool = await open();
    await roundTrips(pool, array, warmUpMs);
    const times = await roundTrips(pool, array, measureMs);
    await pool.close();
    return { value: median(times), details: { rounds: times.length, worstMs: Math.max(...times) } };
  },
};

/** Milliseconds of each round trip, one after the other. */
async function roundTrips(pool: BenchPool, array: Float64Array, ms: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  while (performance.now() < end || times.length < leastRounds) {
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
  for (let i = 0; i < sent.length; i += 512) {
    if (result[i] !== (i === 0 ? 1 : i)) throw new Error(`element ${i} came back as ${result[i]}`);
  }
  if (result[last] !== last + 1) throw new Error(`the last element came back as ${result[last]}`);
}
