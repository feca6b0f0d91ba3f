// The benchmark of start methods runs, and its tables have figures. Which, is no matter here.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runScript } from '../helpers/run-script.js';
import { root } from '../helpers/source-tree.js';

const run = (...args: string[]) =>
  runScript(join(root, 'scripts/run.mjs'), {
    args: ['bench/start-methods/run.ts', ...args, '--no-save'],
    cwd: root,
    timeoutMs: 120_000,
  });

test('workers, heaps and busy work are measured under each start method', { timeout: 130_000 }, async () => {
  const { stdout, stderr, exitCode } = await run(
    ...['--few', '2', '--many', '3', '--heap-workers', '1', '--trials', '1'],
  );
  expect(exitCode, stderr).toBe(0);
  for (const row of ['forkyard', 'forkyard-spawn', 'piscina'])
    expect(stdout).toMatch(new RegExp(`^\\| ${row} +\\| +3 \\|( +[\\d. ]+ \\|){2}`, 'm'));
  for (const row of ['forkserver', 'spawn'])
    expect(stdout).toMatch(new RegExp(`^\\| ${row} +\\| +v[\\d.]+ \\|( +[\\d. ]+ \\|){4}`, 'm'));
  for (const row of ['integers', 'json', 'sort', 'regex', 'allocation'])
    expect(stdout).toMatch(new RegExp(`^\\| ${row} +\\|( +[\\d. ]+ \\|){2} +[\\d.]+ \\|`, 'm'));
});

test('what cannot be measured is refused', async () => {
  expect((await run('--few', '0')).stderr).toContain('--few must be a whole number of at least 1');
  expect((await run('--nodes', '9')).stderr).toContain('npm run test:nodes -- 9');
});
