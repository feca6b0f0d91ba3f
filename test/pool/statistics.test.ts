// What a pool says of itself: always consistent with what its user knows.
import { expect, test } from 'vitest';
import { cpuCount } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { failures } from '../fixtures/pool/errors.mjs';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';
import { ancestorsOf } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

test('just made: the workers are starting, by default as many as there are processors', async () => {
  const pool = openPool();
  const { state, workers, unsettled, waiting, completed, failed, lost, restarts } = pool.stats();
  expect({ state, unsettled, waiting, completed, failed, lost, restarts }).toEqual({
    state: 'open',
    unsettled: 0,
    waiting: 0,
    completed: 0,
    failed: 0,
    lost: 0,
    restarts: 0,
  });
  expect(workers).toHaveLength(cpuCount());
  for (const worker of workers) expect(worker).toMatchObject({ state: 'starting', held: 0, completed: 0 });
  await until(() => pool.stats().workers.every((worker) => worker.state === 'idle'));
  for (const { pid } of pool.stats().workers) expect(ancestorsOf(pid as number)).toContain(process.pid);
});

test('counts what was done, failed, lost and restarted', async () => {
  const pool = openPool(2);
  for (let n = 0; n < 7; n++) await pool.apply(tasks.square, [n]);
  for (let n = 0; n < 3; n++) await rejection(pool.apply(failures.plain));
  await rejection(pool.apply(tasks.exit, [1]));
  await pool.apply(tasks.burn, [30]);
  const { workers, completed, failed, lost, unsettled } = pool.stats();
  expect({ completed, failed, lost, unsettled }).toEqual({ completed: 8, failed: 3, lost: 1, unsettled: 0 });
  expect(Math.max(...workers.map(({ busyMs }) => busyMs))).toBeGreaterThanOrEqual(25);
  await until(() => pool.stats().restarts === 1);
});

test('work in hand and work that waits', async () => {
  const pool = openPool(1);
  await until(() => pool.stats().workers[0]?.state === 'idle');
  const [started, gate] = [mark(), mark()];
  const pending = [pool.apply(tasks.until, [started.path, gate.path, 'first'])];
  for (let n = 0; n < 5000; n++) pending.push(pool.apply(tasks.echo, [n]));
  await started.reached();
  const stats = pool.stats();
  expect(stats.unsettled).toBe(5001);
  expect(stats.workers[0]).toMatchObject({ state: 'busy' });
  expect(stats.waiting + (stats.workers[0]?.held as number)).toBe(5001);
  gate.open();
  await Promise.all(pending);
  expect(pool.stats()).toMatchObject({ unsettled: 0, waiting: 0, completed: 5001 });
});
