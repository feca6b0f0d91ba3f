// One task takes its worker down, as the kernel's out-of-memory killer or a crash in native code would.
// Only that task fails; the worker is replaced and all others get their results.
import { defineTasks, isMainProcess, Pool, WorkerLostError } from 'forkyard';

export const tasks = defineTasks(import.meta, {
  work(n) {
    if (n === 13) process.kill(process.pid, 'SIGKILL');
    return n * 10;
  },
});

async function main() {
  const pool = new Pool(2);
  try {
    const calls = Array.from({ length: 40 }, (_, n) => pool.apply(tasks.work, [n]));
    const outcomes = await Promise.allSettled(calls);

    const done = outcomes.filter(({ status }) => status === 'fulfilled');
    console.log(`${done.length} of ${calls.length} done`);
    for (const [n, { reason }] of outcomes.entries()) {
      if (reason instanceof WorkerLostError) console.log(`task ${n}: ${reason.code}, ${reason.signal}`);
    }
    console.log('workers replaced:', pool.stats().restarts);
    console.log('the pool goes on:', await pool.apply(tasks.work, [4]));
  } finally {
    pool.terminate();
    await pool.join();
  }
}

if (isMainProcess) await main();
