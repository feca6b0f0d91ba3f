// What a worker has started with child_process ends when the worker is killed, whoever kills it; what it left running on purpose, and
// what it started before it ended by itself, goes on.
import { describe, expect, onTestFinished, test } from 'vitest';
import { Pool, Queue, type StartMethodName } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';
import { programs } from '../fixtures/pool/programs.mjs';
import { startScript } from '../helpers/run-script.js';
import { processInfo } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

const fixture = new URL('../fixtures/pool/programs-main.mjs', import.meta.url);

// A zombie whose parent has no time is not alive.
const lives = (pid: number) => !['Z', undefined].includes(processInfo(pid)?.state);

// Whatever happens, none of these outlives its test.
function killedAtLast(pids: readonly number[]): readonly number[] {
  onTestFinished(() => {
    for (const pid of pids.filter(lives)) process.kill(pid, 'SIGKILL');
  });
  return pids;
}

describe.each<StartMethodName>(['forkserver', 'spawn'])(
  'started by %s, the programs of a worker end',
  (startMethod) => {
    async function withPrograms(
      act: (pool: Pool, parts: { worker: number; controller: AbortController }) => unknown,
      limits: { timeout?: number } = {},
    ): Promise<void> {
      const pool = new Pool({ processes: 1, startMethod });
      onTestFinished(() => pool[Symbol.asyncDispose]());
      const queue = new Queue<number[]>();
      const controller = new AbortController();
      const call = rejection(
        pool.apply(programs.startAndStay, [queue], { ...limits, signal: controller.signal }),
      );
      const [worker, ...started] = (await queue.get()) as [number, ...number[]];
      killedAtLast(started);
      await act(pool, { worker, controller });
      await call;
      await until(() => !started.some(lives));
    }

    test('when its task is out of time', () => withPrograms(() => {}, { timeout: 500 }));
    test('when the call is aborted', () => withPrograms((_, { controller }) => controller.abort()));
    test('when the pool is terminated', () => withPrograms((pool) => pool.terminate()));
    test('when somebody kills the worker', () =>
      withPrograms((_, { worker }) => process.kill(worker, 'SIGKILL')));

    test.each(['SIGKILL', 'SIGTERM'] as const)('when the program is ended by %s', async (signal) => {
      await using script = startScript(fixture, { env: { FORKYARD_START_METHOD: startMethod } });
      const [, pids] = await script.waitForOutput(/started: (\d+ \d+)\n/);
      const started = killedAtLast((pids as string).split(' ').map(Number));
      expect(started.map(lives)).toEqual([true, true]);
      script.kill(signal);
      await until(() => !started.some(lives));
    });
  },
);

test('a detached program outlives a worker that is killed', async () => {
  const pool = new Pool(1);
  const started = killedAtLast(await pool.apply(programs.startDetached));
  pool.terminate();
  await pool.join();
  expect(started.map(lives)).toEqual([true, true]);
});

test('a program outlives a worker that ends by itself', async () => {
  const pool = new Pool(1);
  const started = killedAtLast(await pool.apply(programs.start));
  pool.close();
  await pool.join();
  expect(started.map(lives)).toEqual([true, true]);
});
