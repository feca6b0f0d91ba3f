// child_process.fork without a pool: what one gets by hand, tasks dealt out in turn, nothing supervised.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchPool } from '../scenario.js';
import { clock } from '../tasks.js';
import { dealInTurn, type Reply } from './deal-in-turn.js';
import { processesLack } from './lacks.js';
import { nodeRival, type PoolRequest } from './rival.js';

export const childProcess = nodeRival({
  name: 'child_process',
  runsIn: 'processes',
  isPool: false,
  lacks: {
    imap: processesLack.imap,
    'shared memory': processesLack['shared memory'],
    'surviving kills': 'nobody replaces what died',
  },
  load: async () => openForks,
});

function openForks({ task, workers, binary }: PoolRequest): BenchPool {
  const script = fileURLToPath(new URL('./child-process-worker.js', import.meta.url));
  const children = Array.from({ length: workers }, () =>
    fork(script, [task], { serialization: binary ? 'advanced' : 'json' }),
  );
  const { call, settle } = dealInTurn(workers, (worker, message) =>
    (children[worker] as ChildProcess).send(message),
  );
  for (const child of children) child.on('message', (reply) => settle(reply as Reply));
  return {
    call,
    async runProcess() {
      const start = clock();
      const child = fork(script, ['clock']);
      child.send({ id: 0, value: undefined });
      const [reply] = await once(child, 'message');
      child.disconnect();
      await once(child, 'exit');
      return { runningMs: (reply as { result: number }).result - start, joinedMs: clock() - start };
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
