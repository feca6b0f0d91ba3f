// piscina: the most used pool of worker_threads.
import { fileURLToPath } from 'node:url';
import { threadsLack } from './lacks.js';
import { nodeRival } from './rival.js';
import { shareAmongThreads } from './share-among-threads.js';

export const piscina = nodeRival({
  name: 'piscina',
  runsIn: 'threads',
  packageName: 'piscina',
  lacks: threadsLack,
  async load() {
    const { Piscina } = await import('piscina');
    return ({ task, taskModule, workers }) => {
      const pool = new Piscina({
        filename: fileURLToPath(taskModule),
        name: task,
        minThreads: workers,
        maxThreads: workers,
      });
      return {
        call: (value, ends) => pool.run(value, { signal: ends?.signal }),
        share: shareAmongThreads,
        close: () => pool.destroy(),
      };
    };
  },
});
