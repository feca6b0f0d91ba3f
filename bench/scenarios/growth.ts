// What more workers and more tasks do: throughput from 1 to 16 workers, memory of the caller over ten million tasks.
import { type OpenPool, type Scenario, type Settings, scaled } from '../scenario.js';
import { values } from '../values.js';
import { after, callInLanes } from './lanes.js';

const inFlight = 1000;
const counts = [1, 2, 4, 8, 16];

export const growth: readonly Scenario[] = [
  {
    name: 'growth-workers',
    group: 'growth',
    title: 'Throughput of tiny tasks with 16 workers, as a share of that with 2',
    task: 'square',
    unit: '%',
    better: 'higher',
    rivals: ['forkyard', 'piscina'],
    fullOnly: true,
    async measure(open, settings) {
      const throughputs = new Map<number, number>();
      for (const count of counts) throughputs.set(count, await throughputOf(open, count, settings));
      const [two, sixteen] = [throughputs.get(2) as number, throughputs.get(16) as number];
      const details = [...throughputs].map(([count, perSecond]) => [`${count}: tasks/s`, perSecond]);
      return { value: (100 * sixteen) / two, details: Object.fromEntries(details) };
    },
  },
  {
    name: 'growth-tasks',
    group: 'growth',
    title: 'Memory that the caller gains from 1 000 000 to 10 000 000 tasks',
    task: 'square',
    unit: 'MiB',
    better: 'lower',
    rivals: ['forkyard'],
    fullOnly: true,
    async measure(open, settings) {
      const pool = await open();
      const total = scaled(10_000_000, settings);
      const early = scaled(1_000_000, settings);
      await callInLanes(pool, { values: values.numbers, inFlight, isLast: (i) => i + 1 >= early });
      const before = residentMiB();
      await callInLanes(pool, { values: values.numbers, inFlight, isLast: (i) => i + 1 >= total - early });
      const afterAll = residentMiB();
      await pool.close();
      return { value: afterAll - before, details: { before, after: afterAll, tasks: total } };
    },
  },
];

async function throughputOf(open: OpenPool, workers: number, settings: Settings): Promise<number> {
  const pool = await open({ workers });
  await callInLanes(pool, { values: values.numbers, inFlight, isLast: after(settings.warmUpMs) });
  const start = performance.now();
  const calls = await callInLanes(pool, {
    values: values.numbers,
    inFlight,
    isLast: after(settings.measureMs),
  });
  const seconds = (performance.now() - start) / 1000;
  await pool.close();
  return calls / seconds;
}

function residentMiB(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}
