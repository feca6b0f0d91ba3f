// The family's shared memory is level: what large values took comes back, with the pool idle, ended, or short of memory.
import { describe, expect, test } from 'vitest';
import { memoryUse, Pool } from '../../lib/index.js';
import { collectGarbage } from '../conformance/garbage.js';
import { data } from '../fixtures/channel/data.mjs';
import { runScript } from '../helpers/run-script.js';
import { until } from '../helpers/until.js';

const MiB = 2 ** 20;

/** Freed memory is kept for a while, so that the next large value finds it; then it goes back to the system. */
function backTo(level: number): Promise<unknown> {
  return until(
    async () => {
      await collectGarbage();
      return memoryUse().bytesInUse <= level;
    },
    { what: () => `${memoryUse().bytesInUse} bytes to become ${level}`, timeoutMs: 40_000, intervalMs: 50 },
  );
}

test('it does not grow with the number of large values, and all of it comes back', async () => {
  const pool = new Pool(2);
  const rounds = async (count: number) => {
    let most = 0;
    for (let n = 0; n < 10 * count; n++) {
      const back = (await pool.apply(data.echo, [new Uint8Array(4 * MiB).fill(n)])) as Uint8Array;
      if (back[4 * MiB - 1] !== n % 256) throw new Error(`round ${n} is wrong`);
      most = Math.max(most, memoryUse().bytesInUse);
    }
    return most;
  };
  const few = await rounds(8);
  expect(await rounds(16)).toBeLessThan(few + 100 * MiB);
  pool.terminate();
  await pool.join();
  await backTo(2 * MiB);
});

describe('it comes back when a pool has ended', () => {
  test.each(['taken', 'dropped'])('whose results were %s', async (mode) => {
    const pool = new Pool(2);
    const pending = Array.from({ length: 20 }, () => pool.apply(data.echo, [new Uint8Array(3 * MiB)]));
    const settled = Promise.allSettled(pending).then((outcomes) => outcomes.length);
    if (mode === 'taken') expect(await settled).toBe(20);
    expect(memoryUse().bytesInUse).toBeGreaterThan(3 * MiB);
    pool.terminate();
    await pool.join();
    expect(await settled).toBe(20);
    pending.length = 0;
    await backTo(2 * MiB);
  });

  test('though its workers were killed with all hands full', async () => {
    const pool = new Pool(2);
    const settled = Promise.allSettled(
      Array.from({ length: 40 }, () => pool.apply(data.echo, [new Uint8Array(2 * MiB)])),
    ).then((outcomes) => outcomes.length);
    const pids = await until(() => {
      const { completed, workers } = pool.stats();
      const all = workers.map(({ pid }) => pid).filter((pid) => pid !== null);
      return completed >= 3 && all.length === 2 ? all : undefined;
    });
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    expect(await settled).toBe(40);
    pool.terminate();
    await pool.join();
    await backTo(2 * MiB);
  });
});

test('a small quota is enough for any number of large values, one after the other', async () => {
  const script = new URL('../fixtures/channel/small-quota.mjs', import.meta.url);
  const { stdout, stderr, exitCode } = await runScript(script);
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: '200 of 200\n', stderr: '', exitCode: 0 });
});
