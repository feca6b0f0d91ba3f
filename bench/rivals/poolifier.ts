// poolifier, once with threads and once with processes: pools of a fixed size, without events, as its guidelines say for
// the most throughput. Its queue, from which idle workers steal, is used where tasks differ in length or workers die.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FixedThreadPool } from 'poolifier';
import { processesLack, threadsLack } from './lacks.js';
import { nodeRival } from './rival.js';
import { shareAmongThreads } from './share-among-threads.js';

export const poolifier = nodeRival({
  name: 'poolifier',
  runsIn: 'threads',
  packageName: 'poolifier',
  lacks: threadsLack,
  async load() {
    const { FixedThreadPool } = await import('poolifier');
    const script = fileURLToPath(new URL('./poolifier-threads-worker.js', import.meta.url));
    return ({ task, workers, queued }) => {
      const pool = new FixedThreadPool(workers, script, { enableEvents: false, enableTasksQueue: queued });
      return {
        call: (value) => pool.execute(value, task),
        map: (items) => pool.mapExecute(items, task),
        mostItems: 20_000,
        share: shareAmongThreads,
        close: () => destroyed(pool),
      };
    };
  },
});

export const poolifierCluster = nodeRival({
  name: 'poolifier-cluster',
  runsIn: 'processes',
  packageName: 'poolifier',
  lacks: processesLack,
  async load() {
    const { FixedClusterPool } = await import('poolifier');
    const script = fileURLToPath(new URL('./poolifier-cluster-worker.cjs', import.meta.url));
    return ({ task, workers, binary, queued }) => {
      const pool = new FixedClusterPool(workers, script, {
        enableEvents: false,
        enableTasksQueue: queued,
        // JSON, the default, has no typed arrays.
        settings: binary ? { serialization: 'advanced' } : {},
      });
      return {
        call: (value) => pool.execute(value, task),
        map: (items) => pool.mapExecute(items, task),
        mostItems: 20_000,
        pids: () => pool.workerNodes.flatMap(({ worker }) => worker.process.pid ?? []),
        close: () => pool.destroy(),
      };
    };
  },
});

/** `destroy` waits for threads that do not keep the program alive, and for ever if one has ended by itself meanwhile. */
async function destroyed(pool: FixedThreadPool): Promise<void> {
  const hold = setInterval(() => {}, 1000);
  const ends = pool.workerNodes.map(({ worker }) => once(worker, 'exit'));
  await Promise.race([pool.destroy(), Promise.all(ends)]);
  clearInterval(hold);
}
