// child_process.fork without a pool: what one gets by hand, tasks dealt out in turn, nothing supervised.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchPool } from '../scenario.js';
import { nodeRival, type PoolRequest } from './rival.js';

export const childProcess = nodeRival({
  name: 'child_process',
  runsIn: 'processes',
  load: async () => openForks,
});

function openForks({ task, workers, binary }: PoolRequest): BenchPool {
  const pending = new Map<number, (result: unknown) => void>();
  const script = fileURLToPath(new URL('./child-process-worker.js', import.meta.url));
  const children = Array.from({ length: workers }, () =>
    fork(script, [task], { serialization: binary ? 'advanced' : 'json' }),
  );
  for (const child of children) {
    child.on('message', ({ id, result }: { id: number; result: unknown }) => {
      pending.get(id)?.(result);
      pending.delete(id);
    });
  }
  let calls = 0;
  return {
    call(value) {
      const id = calls++;
      (children[id % workers] as ChildProcess).send({ id, value });
      return new Promise((resolve) => {
        pending.set(id, resolve);
      });
    },
    async close() {
      await Promise.all(
        children.map(async (child) => {
          child.disconnect();
          await once(child, 'exit');
        }),
      );
    },
  };
}
