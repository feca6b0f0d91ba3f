// `node workers.js <rival> <count>`: what so many live workers cost, in a program of its own. Prints one line of JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from '../scenario.js';
import { privateMb, sumOf } from './memory.js';
import { workerTasks } from './worker-tasks.js';

const [rival = 'forkyard', count = '2'] = process.argv.slice(2);
const workers = Number(count);
const measured = rival === 'piscina' ? await ofThreads() : await ofProcesses();
console.log(JSON.stringify({ rival, workers, ...measured }));
process.exit();

/** `eachMb`: the median of the workers, idle, after one task, and after a second of allocation. */
async function ofProcesses() {
  const { Pool, prewarm, SharedArray } = await import('forkyard');
  const startMethod = rival === 'forkyard' ? 'forkserver' : 'spawn';
  await prewarm({ startMethod });
  const before = privateMb('self');
  const start = performance.now();
  const pool = new Pool({ processes: workers, startMethod });
  while (pool.stats().workers.some(({ state }) => state !== 'idle')) await sleep(5);
  const upMs = performance.now() - start;
  await sleep(200);
  const pids = pool.stats().workers.flatMap(({ pid }) => pid ?? []);
  const eachOf = () => pids.map(privateMb);
  const idle = eachOf();
  const step = async (name: 'rest' | 'allocate') => {
    const arrived = new SharedArray('i', 1);
    const args = pids.map(() => [arrived, workers, name] as const);
    await pool.starmap(workerTasks.onEach as never, args as never, { chunkSize: 1 });
    await sleep(200);
    return median(eachOf());
  };
  const details =
    workers > 50 ? {} : { afterTaskMb: await step('rest'), afterAllocationMb: await step('allocate') };
  const sum = await pool.map(workerTasks.square as never, [1, 2, 3] as never);
  if (JSON.stringify(sum) !== '[1,4,9]') throw new Error(`wrong result: ${JSON.stringify(sum)}`);
  return { upMs, eachMb: median(idle), totalMb: sumOf(idle) + privateMb('self') - before, ...details };
}

async function ofThreads() {
  const { Piscina } = await import('piscina');
  const before = privateMb('self');
  const start = performance.now();
  const filename = fileURLToPath(new URL('./thread-tasks.js', import.meta.url));
  const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers });
  while (pool.threads.length < workers) await sleep(5);
  await Promise.all(Array.from({ length: workers }, () => pool.run(0)));
  const upMs = performance.now() - start;
  await sleep(200);
  const totalMb = privateMb('self') - before;
  return { upMs, eachMb: totalMb / workers, totalMb };
}
