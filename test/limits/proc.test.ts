// What Forkyard needs of the system and does not find is told at the first use, with what to do.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const fixture = fileURLToPath(new URL('../fixtures/limits/few-processes.mjs', import.meta.url));
const canUnshare = spawnSync('unshare', ['-pf', 'true']).status === 0;
const reason = canUnshare ? '' : ' (skipped: unshare is not permitted here)';

function run(command: string, args: string[]): { message: string; code: string } {
  const { stdout, stderr } = spawnSync(command, [...args, process.execPath, fixture], {
    encoding: 'utf8',
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  if (stdout === '') throw new Error(`no answer: ${stderr}`);
  return JSON.parse(stdout);
}

test.skipIf(!canUnshare)(`in a PID namespace with the old /proc the first use says so${reason}`, () => {
  const { message } = run('unshare', ['-pf']);
  expect(message).toContain('PID namespace');
  expect(message).toContain('--mount-proc');
});

test.skipIf(!canUnshare)(`in a PID namespace with a /proc of its own a pool works${reason}`, () => {
  expect(run('unshare', ['-pf', '--mount-proc'])).toEqual({ squares: [1, 4, 9, 16, 25, 36] });
});

test('with a limit of file size below the least of shared memory, the error names `ulimit -f`', () => {
  const { message } = run('prlimit', [`--fsize=${2 ** 30}`]);
  expect(message).toContain(`\`ulimit -f\` (${2 ** 30})`);
});

test('with a limit of file size between the least and the usual, a pool works', () => {
  expect(run('prlimit', [`--fsize=${2 ** 32}`])).toEqual({ squares: [1, 4, 9, 16, 25, 36] });
});

test('with too little address space, the error names `ulimit -v`', () => {
  const { message } = run('prlimit', [`--as=${2.5 * 2 ** 30}`]);
  expect(message).toContain('`ulimit -v`');
});
