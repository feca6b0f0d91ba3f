// The root is killed FORKYARD_STRESS_ROOTS (default 100) times, at random instants under load.
// Five times with the suite: test/crash/root-killed.test.ts.
import { expect, test } from 'vitest';
import { killRoots } from '../crash/root-killed.js';
import { seedOf } from '../crash/support.js';

test('a root killed under load, a hundred times: its whole family goes, /dev/shm is as before', async () => {
  const kills = await killRoots(Number(process.env.FORKYARD_STRESS_ROOTS ?? 100), seedOf());
  for (const { seed, left, stderr } of kills) {
    expect({ left, stderr }, `seed ${seed}`).toEqual({ left: [], stderr: '' });
  }
});
