// piscina: the most used pool of worker_threads.
import { fileURLToPath } from 'node:url';
import { nodeRival } from './rival.js';

export const piscina = nodeRival({
  name: 'piscina',
  runsIn: 'threads',
  packageName: 'piscina',
  async load() {
    const { Piscina } = await import('piscina');
    return ({ task, workers }) => {
      const pool = new Piscina({
        filename: fileURLToPath(new URL('../tasks.js', import.meta.url)),
        name: task,
        minThreads: workers,
        maxThreads: workers,
      });
      return { call: (value) => pool.run(value), close: () => pool.destroy() };
    };
  },
});
