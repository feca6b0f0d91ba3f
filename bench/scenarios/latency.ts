// One call at a time: how long it takes, and how much CPU time of everybody it costs.
import { cpuMicroseconds } from '../cpu-time.js';
import { type BenchPool, percentile, type Scenario } from '../scenario.js';
import { atMost, timesBestProcessPool, timesRival } from '../targets.js';
import { values } from '../values.js';

export const latency: Scenario = {
  name: 'latency',
  group: 'latency',
  title: 'One call at a time, half of them within',
  task: 'square',
  unit: 'µs',
  better: 'lower',
  targets: [atMost(15), timesBestProcessPool(1 / 0.7), timesRival('python', 3)],
  async measure(open, { warmUpMs, measureMs }) {
    const pool = await open();
    await callFor(pool, warmUpMs);
    const cpuBefore = cpuMicroseconds();
    const times = await callFor(pool, measureMs);
    const cpu = cpuMicroseconds() - cpuBefore;
    await pool.close();
    return {
      value: percentile(times, 0.5),
      details: {
        p99: percentile(times, 0.99),
        'p99.9': percentile(times, 0.999),
        cpuPerCall: cpu / times.length,
        calls: times.length,
      },
    };
  },
};

/** Microseconds of each call. */
async function callFor(pool: BenchPool, ms: number): Promise<number[]> {
  const { make, check } = values.numbers;
  const times: number[] = [];
  const end = performance.now() + ms;
  for (let start = performance.now(); start < end; start = performance.now()) {
    const i = times.length;
    const result = await pool.call(make(i));
    times.push((performance.now() - start) * 1000);
    check(i, result);
  }
  return times;
}
