// workerpool with its workers as processes, the nearest to what Forkyard does.
import { fileURLToPath } from 'node:url';
import { processesLack } from './lacks.js';
import { nodeRival } from './rival.js';

export const workerpool = nodeRival({
  name: 'workerpool',
  runsIn: 'processes',
  packageName: 'workerpool',
  lacks: processesLack,
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
      return {
        call: (value) => pool.exec(task, [value]),
        // It has no public way to a worker's process.
        pids: () =>
          (Reflect.get(pool, 'workers') as { readonly worker: { readonly pid?: number } }[]).flatMap(
            ({ worker }) => worker.pid ?? [],
          ),
        close: async () => await pool.terminate(),
      };
    };
  },
});
