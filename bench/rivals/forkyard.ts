// Forkyard's Pool.
import { nodeRival } from './rival.js';

export const forkyard = nodeRival({
  name: 'forkyard',
  runsIn: 'processes',
  packageName: 'forkyard',
  lacks: { 'shared memory': 'SharedArray is not there yet' },
  async load() {
    const { Pool } = await import('forkyard');
    const { tasks } = await import('./forkyard-tasks.js');
    return ({ task, workers }) => {
      const pool = new Pool(workers);
      const run = tasks[task] as (value: unknown) => unknown;
      return {
        call: (value) => pool.apply(run, [value]),
        map: (items) => pool.map(run, items),
        imap: (items) => pool.imap(run, items, { chunkSize: 100 }),
        pids: () => pool.stats().workers.flatMap(({ pid }) => pid ?? []),
        close() {
          pool.terminate();
          return pool.join();
        },
      };
    };
  },
});
