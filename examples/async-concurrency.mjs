// Tasks that mostly wait can share a worker: `concurrency` is how many of them one worker overlaps.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTasks, isMainProcess, Pool } from 'forkyard';

let running = 0;

export const tasks = defineTasks(import.meta, {
  /** Stands for a request to a server; gives how many were under way in this worker. */
  async request(id) {
    running++;
    const underWay = running;
    await sleep(20);
    running--;
    return { id, underWay };
  },
});

async function main() {
  const ids = Array.from({ length: 100 }, (_, id) => id);
  for (const concurrency of [1, 25]) {
    const pool = new Pool({ processes: 2, concurrency });
    try {
      const results = await Promise.all(ids.map((id) => pool.apply(tasks.request, [id])));
      const most = Math.max(...results.map(({ underWay }) => underWay));
      console.log(
        `concurrency ${concurrency}: ${results.length} requests, at most ${most} at a time in a worker`,
      );
    } finally {
      pool.terminate();
      await pool.join();
    }
  }
}

if (isMainProcess) await main();
