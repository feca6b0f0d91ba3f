// `node busy.js <start method> <workers>`: how long work takes in workers, one for each processor, all at it at the same
// time. Prints one line of JSON: milliseconds by kind, the mean of the workers.
import { Pool } from 'forkyard';
import { sumOf } from './memory.js';
import { type Kind, kinds } from './work.js';
import { workerTasks } from './worker-tasks.js';

const [startMethod = 'forkserver', count = '2'] = process.argv.slice(2);
const workers = Number(count);
const pool = new Pool({ processes: workers, startMethod: startMethod as 'forkserver' });
const times: Partial<Record<Kind, number>> = {};
for (const kind of Object.keys(kinds) as Kind[]) {
  const run = (): Promise<number> =>
    pool.apply(workerTasks.time as never, [kind] as never) as Promise<number>;
  times[kind] = sumOf(await Promise.all(Array.from({ length: workers }, run))) / workers;
}
console.log(JSON.stringify({ startMethod, times }));
process.exit();
