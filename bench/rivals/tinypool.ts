// tinypool: piscina's smaller fork, in threads as it is by default.
import { threadsLack } from './lacks.js';
import { nodeRival } from './rival.js';
import { shareAmongThreads } from './share-among-threads.js';

export const tinypool = nodeRival({
  name: 'tinypool',
  runsIn: 'threads',
  packageName: 'tinypool',
  lacks: threadsLack,
  async load() {
    const { Tinypool } = await import('tinypool');
    return ({ task, taskModule, workers }) => {
      const pool = new Tinypool({
        filename: taskModule.href,
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
