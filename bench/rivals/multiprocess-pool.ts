// multiprocess-pool: by its own description similar to Python's Pool.
import { fileURLToPath } from 'node:url';
import { processesLack } from './lacks.js';
import { nodeRival } from './rival.js';

export const multiprocessPool = nodeRival({
  name: 'multiprocess-pool',
  runsIn: 'processes',
  packageName: 'multiprocess-pool',
  lacks: {
    ...processesLack,
    'typed arrays': 'sends JSON',
    'surviving kills': 'does not replace a worker that died',
  },
  async load() {
    const { Pool } = await import('multiprocess-pool');
    const script = fileURLToPath(new URL('./multiprocess-pool-worker.cjs', import.meta.url));
    return ({ task, workers }) => {
      process.env['FORKYARD_BENCH_TASK'] = task;
      const pool = new Pool(workers);
      return {
        call: (value) => pool.apply(value, script),
        map: (items) => pool.map([...items], script),
        mostItems: 100_000,
        // `close` would wait for ever if a task had thrown.
        close: async () => pool.terminate(),
      };
    };
  },
});
