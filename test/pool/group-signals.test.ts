// Signals that are sent to all processes of a program, by a terminal, a service manager or a platform: the pool decides.
import { describe, expect, test } from 'vitest';
import { mark } from '../conformance/marks.js';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';
import { startScript } from '../helpers/run-script.js';
import { until } from '../helpers/until.js';

const fixture = new URL('../fixtures/pool/group-signals.mjs', import.meta.url);

describe.each(['forkserver', 'spawn'])('started by %s', (FORKYARD_START_METHOD) => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'a program that drains loses nothing to %s for all of its processes',
    async (signal) => {
      await using script = startScript(fixture, { env: { FORKYARD_START_METHOD } });
      const [, pids] = await script.waitForOutput(/at work: (\d+ \d+)\n/);
      // A test is not in a service of its own: the same, one by one.
      for (const pid of [script.pid, ...(pids as string).split(' ').map(Number)]) process.kill(pid, signal);
      const { stdout, exitCode } = await script.ended;
      expect(JSON.parse(stdout.trim().split('\n').at(-1) as string)).toEqual({
        done: [1, 2, 3, 4, 5, 6],
        lost: 0,
        restarts: 0,
        signals: 1,
      });
      expect(exitCode).toBe(0);
    },
  );

  test('workers of a program that dies of the signal end with it', async () => {
    await using script = startScript(fixture, { env: { FORKYARD_START_METHOD } });
    const [, text] = await script.waitForOutput(/at work: (\d+ \d+)\n/);
    const pids = (text as string).split(' ').map(Number);
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    script.kill('SIGKILL');
    await until(() => pids.every((pid) => !isThere(pid)));
  });
});

test('a handler that a task sets for SIGTERM is called', async () => {
  const pool = openPool(1);
  expect(await pool.apply(tasks.signalSelf, ['SIGTERM'])).toBe('handled');
  expect(pool.stats()).toMatchObject({ lost: 0, restarts: 0 });
});

test('terminate() ends workers, also in a function that never returns', async () => {
  const pool = openPool(2);
  const mine = mark();
  void Promise.allSettled([pool.apply(tasks.spin, [mine.path]), pool.apply(tasks.spin, [mine.path])]);
  const pids = (await mine.reached(2)).map(Number);
  pool.terminate();
  await pool.join();
  expect(pids.map(isThere)).toEqual([false, false]);
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
