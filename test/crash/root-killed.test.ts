// The root of a family is killed: nothing of it may be left, whatever its members are in the middle of.
// Many more are killed by test/stress/root-killed.test.ts.
import { expect, test } from 'vitest';
import { killRoots } from './root-killed.js';
import { seedOf } from './support.js';

test('a root killed under load, five times: its whole family goes, stopped and starting members as well', async () => {
  for (const { left, stderr } of await killRoots(5, seedOf())) {
    expect({ left, stderr }).toEqual({ left: [], stderr: '' });
  }
});
