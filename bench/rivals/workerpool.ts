// workerpool with its workers as processes, the nearest to what Forkyard does.
import { fileURLToPath } from 'node:url';
import { nodeRival } from './rival.js';

export const workerpool = nodeRival({
  name: 'workerpool',
  runsIn: 'processes',
  packageName: 'workerpool',
  async load() {
    const { default: library } = await import('workerpool');
    return ({ task, workers, binary }) => {
      const pool = library.pool(fileURLToPath(new URL('./workerpool-worker.js', import.meta.url)), {
        workerType: 'process',
        minWorkers: workers,
        maxWorkers: workers,
        // JSON, the default, has no typed arrays.
        forkOpts: binary ? { serialization: 'advanced' } : {},
      });
      return { call: (value) => pool.exec(task, [value]), close: async () => await pool.terminate() };
    };
  },
});
