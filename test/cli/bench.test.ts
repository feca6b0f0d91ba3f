// The benchmark of the command line runs, and checks what its rivals write. How fast anybody is is no matter here.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runScript } from '../helpers/run-script.js';
import { root } from '../helpers/source-tree.js';

test('every rival of `forkyard map` does the work, with the same results', async () => {
  const args = ['bench/command-line/run.ts', '--lines', '3000', '--trials', '1', '--no-save'];
  const { stdout, stderr, exitCode } = await runScript(join(root, 'scripts/run.mjs'), { args, cwd: root });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: expect.stringContaining('1/1 forkyard map: '),
  });
  for (const rival of [
    'forkyard map',
    'forkyard map --unordered',
    'readline, one process',
    'for await, one process',
  ]) {
    expect(stdout).toMatch(new RegExp(`^\\| ${rival} +\\| .*\\| +\\d[\\d ]* \\|`, 'm'));
  }
});

test('a number of lines that is none is refused', async () => {
  const args = ['bench/command-line/run.ts', '--lines', '0'];
  const { stderr, exitCode } = await runScript(join(root, 'scripts/run.mjs'), { args, cwd: root });
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('--lines must be a whole number of at least 1');
});
