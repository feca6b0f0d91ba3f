// `node preloaded-heap.js <start method> <workers>`: 200 MB of objects in each of some workers, preloaded in a fork server or
// loaded by each. Prints one line of JSON: MB that a worker has to itself, the median.
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, SharedArray } from 'forkyard';
import { median } from '../scenario.js';
import { privateMb } from './memory.js';
import { type Step, workerTasks } from './worker-tasks.js';

const [startMethod = 'forkserver', count = '8'] = process.argv.slice(2);
const workers = Number(count);
const pool = new Pool({
  processes: workers,
  startMethod: startMethod as 'forkserver',
  preload: [new URL('./large-heap.js', import.meta.url)],
});
while (pool.stats().workers.some(({ state }) => state !== 'idle')) await sleep(5);
const pids = pool.stats().workers.flatMap(({ pid }) => pid ?? []);

async function after(step: Step): Promise<number> {
  const arrived = new SharedArray('i', 1);
  const args = pids.map(() => [arrived, workers, step] as const);
  const results = (await pool.starmap(workerTasks.onEach as never, args as never, {
    chunkSize: 1,
  })) as number[];
  if (step === 'readAll' && new Set(results).size !== 1) throw new Error(`the heaps differ: ${results}`);
  if (step === 'readAll' && results[0] === 0) throw new Error('there is no heap');
  return median(pids.map(privateMb));
}

console.log(
  JSON.stringify({
    startMethod,
    node: process.version,
    idleMb: await after('rest'),
    readMb: await after('readAll'),
    allocatedMb: await after('allocate'),
    collectedMb: await after('collect'),
  }),
);
process.exit();
