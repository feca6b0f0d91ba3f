// When it is worth looking for messages before sleeping, and when it would take the processor from others.
import { expect, test } from 'vitest';
import { SpinCredit } from '../../lib/family/spin-credit.js';
import { runScript } from '../helpers/run-script.js';

test('a thread that shares its processor with a busy program learns of it', async () => {
  const { stdout, stderr, exitCode } = await runScript(
    new URL('../fixtures/family/crowded.mjs', import.meta.url),
  );
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: 'contended\n', stderr: '', exitCode: 0 });
});

test('spinning that costs others their processor is given up after a quarter of the misses', () => {
  expect(missesUntilGivenUp(1)).toBe(16);
  expect(missesUntilGivenUp(4)).toBe(4);
});

function missesUntilGivenUp(cost: number): number {
  const credit = new SpinCredit();
  let misses = 0;
  for (; credit.allows(); misses++) credit.miss(cost);
  return misses;
}
