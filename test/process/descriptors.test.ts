// A process that cannot be started for want of a descriptor leaves nothing behind, and the next one starts.
import { expect, test } from 'vitest';
import { runScript } from '../helpers/run-script.js';

test('without a free descriptor start() says so; slots and memory are as before', async () => {
  const { stdout, stderr, exitCode } = await runScript(
    new URL('../fixtures/process/no-descriptors.mjs', import.meta.url),
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const { code, before, after, again } = JSON.parse(stdout);
  expect(code).toBe('ERR_FORKYARD_START_FAILED');
  expect(after).toEqual(before);
  expect(again).toBe(3);
});
