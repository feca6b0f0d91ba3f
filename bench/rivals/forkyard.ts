// Forkyard's Pool: as it is, and with workers and a caller that sleep at once instead of looking for messages a moment longer.
import type { PoolOptions } from 'forkyard';
import { nodeRival, type Rival } from './rival.js';

export const forkyard = forkyardRival('forkyard');

export const forkyardNoSpin = forkyardRival('forkyard-no-spin', { spin: 0 }, ['latency']);

function forkyardRival(name: string, options: PoolOptions = {}, scenarios?: readonly string[]): Rival {
  return nodeRival({
    name,
    runsIn: 'processes',
    packageName: 'forkyard',
    ...(scenarios && { scenarios }),
    async load() {
      const { Pool, SharedArray } = await import('forkyard');
      const { tasks } = await import('./forkyard-tasks.js');
      return ({ task, workers }) => {
        const pool = new Pool({ processes: workers, ...options });
        const run = tasks[task] as (value: unknown) => unknown;
        return {
          call: (value) => pool.apply(run, [value]),
          map: (items) => pool.map(run, items),
          imap: (items) => pool.imap(run, items, { chunkSize: 100 }),
          share: (length) => new SharedArray('d', length),
          pids: () => pool.stats().workers.flatMap(({ pid }) => pid ?? []),
          close() {
            pool.terminate();
            return pool.join();
          },
        };
      };
    },
  });
}
