// worker_threads without a pool: postMessage, tasks dealt out in turn, nothing supervised.
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { BenchPool } from '../scenario.js';
import { dealInTurn, type Reply } from './deal-in-turn.js';
import { threadsLack } from './lacks.js';
import { nodeRival, type PoolRequest } from './rival.js';
import { shareAmongThreads } from './share-among-threads.js';

export const workerThreads = nodeRival({
  name: 'worker_threads',
  runsIn: 'threads',
  isPool: false,
  lacks: threadsLack,
  load: async () => openThreads,
});

function openThreads({ task, workers }: PoolRequest): BenchPool {
  const script = fileURLToPath(new URL('./worker-threads-worker.js', import.meta.url));
  const threads = Array.from({ length: workers }, () => new Worker(script, { workerData: task }));
  const { call, settle } = dealInTurn(workers, (worker, message) =>
    (threads[worker] as Worker).postMessage(message),
  );
  for (const thread of threads) thread.on('message', (reply: Reply) => settle(reply));
  return {
    call,
    share: shareAmongThreads,
    close: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}
