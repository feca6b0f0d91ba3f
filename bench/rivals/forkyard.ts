// Forkyard as it is; with workers and a caller that sleep at once instead of looking for messages a moment longer; and with
// processes that are spawned.
import type { CallOptions, PoolOptions, Process, ProcessOptions } from 'forkyard';
import type { CallEnds, ProcessTimes } from '../scenario.js';
import { clock } from '../tasks.js';
import { nodeRival, type Rival } from './rival.js';

export const forkyard = forkyardRival('forkyard');

export const forkyardNoSpin = forkyardRival('forkyard-no-spin', { spin: 0 }, ['latency']);

export const forkyardSpawn = forkyardRival('forkyard-spawn', { startMethod: 'spawn' }, [
  'cold-start',
  'process-running',
  'process-joined',
]);

function forkyardRival(name: string, options: PoolOptions = {}, scenarios?: readonly string[]): Rival {
  return nodeRival({
    name,
    runsIn: 'processes',
    packageName: 'forkyard',
    ...(scenarios && { scenarios }),
    async load({ taskModule }) {
      const { Pool, Process, SharedArray } = await import('forkyard');
      const { tasks } = await import('./forkyard-tasks.js');
      const functions: Readonly<Record<string, unknown>> =
        taskModule === 'service' ? (await import('./forkyard-service-tasks.js')).tasks : tasks;
      return ({ task, workers, concurrency }) => {
        const pool = new Pool({ processes: workers, concurrency, ...options });
        const run = functions[task] as (value: unknown) => unknown;
        return {
          call: (value, ends) => pool.apply(run, [value], optionsOf(ends)),
          map: (items, ends) => pool.map(run, items, optionsOf(ends)),
          imap: (items) => pool.imap(run, items, { chunkSize: 100 }),
          share: (length) => new SharedArray('d', length),
          runProcess: () => runProcess(Process, { target: tasks.clock, startMethod: options.startMethod }),
          pids: () => pool.stats().workers.flatMap(({ pid }) => pid ?? []),
          close() {
            pool.terminate();
            return pool.join();
          },
        };
      };
    },
  });
}

function optionsOf(ends: CallEnds | undefined): CallOptions | undefined {
  return ends && { signal: ends.signal, timeout: ends.timeoutMs };
}

async function runProcess(Class: typeof Process, options: ProcessOptions<[], number>): Promise<ProcessTimes> {
  const start = clock();
  const child = new Class({ ...options, preload });
  child.start();
  const running = (await child.result) as number;
  await child.join();
  return { runningMs: running - start, joinedMs: clock() - start };
}

const preload = [new URL('./forkyard-tasks.js', import.meta.url)];
