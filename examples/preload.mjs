// What all workers need is loaded once, by the fork server, and shared by them until they change it.
import { readFileSync } from 'node:fs';
import { afterFork, defineTasks, isMainProcess, Pool, prewarm } from 'forkyard';

// The main program does not need it, and workers find it made.
const table = isMainProcess ? [] : Array.from({ length: 500_000 }, (_, id) => ({ id, square: id * id }));
const madeIn = process.pid;
let forks = 0;
afterFork(() => {
  forks++;
});

export const tasks = defineTasks(import.meta, {
  lookUp: (id) => table[id].square,
  tellOrigin: () => ({ madeIn, forks, own: process.pid, privateMiB: privateMiB() }),
});

// What of this process's memory is not shared with any other.
function privateMiB() {
  const rollup = readFileSync('/proc/self/smaps_rollup', 'utf8');
  const kib = [...rollup.matchAll(/^Private_\w+: +(\d+) kB$/gm)].reduce(
    (sum, [, size]) => sum + Number(size),
    0,
  );
  return kib / 1024;
}

async function main() {
  const preload = [import.meta.url];
  // Optional: the fork server is ready before the first pool needs it.
  await prewarm({ preload });
  const pool = new Pool({ processes: 4, preload });
  console.log(await pool.map(tasks.lookUp, [2, 300, 499_999], { chunkSize: 1 }));

  const origins = await pool.map(tasks.tellOrigin, Array(20).fill(), { chunkSize: 1 });
  console.log(
    'made in the server alone:',
    origins.every(({ madeIn, own }) => madeIn === origins[0].madeIn && madeIn !== own),
  );
  console.log(
    'afterFork ran once in each:',
    origins.every(({ forks }) => forks === 1),
  );
  console.log(
    'the table, some 30 MiB, is shared:',
    origins.every(({ privateMiB }) => privateMiB < 15),
  );
  pool.terminate();
  await pool.join();
}

if (isMainProcess) await main();
