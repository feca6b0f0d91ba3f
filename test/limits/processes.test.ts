// A limit of processes (`ulimit -u`), from one at which Node hardly starts to one that suffices: results or an error that names
// the limit and says what to do; never a hang, never an abort of the caller. The limit does not bind root.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const fixture = fileURLToPath(new URL('../fixtures/limits/few-processes.mjs', import.meta.url));
// Nobody else's processes count for it.
const user = 64_000 + (process.pid % 1000);

function canBeOther(): boolean {
  try {
    execFileSync('setpriv', [
      '--reuid',
      String(user),
      '--regid',
      String(user),
      '--clear-groups',
      process.execPath,
      '--version',
    ]);
    return true;
  } catch {
    return false;
  }
}

const reason = canBeOther() ? '' : ' (skipped: setpriv cannot change the user here)';

test.skipIf(reason !== '').each([13, 14, 15, 16, 17, 18, 19, 20, 22, 25, 30, 60])(
  `with %i processes and threads a pool gives its results, or names the limit${reason}`,
  (most) => {
    const { stdout, signal, status } = spawnSync(
      'setpriv',
      [
        '--reuid',
        String(user),
        '--regid',
        String(user),
        '--clear-groups',
        'prlimit',
        `--nproc=${most}`,
        process.execPath,
        fixture,
      ],
      { encoding: 'utf8', timeout: 50_000, killSignal: 'SIGKILL' },
    );
    // Node itself ends so where it does not get its own first threads.
    if (status === 134 || signal === 'SIGABRT') return expect(stdout).toBe('');
    expect({ signal, status }).toEqual({ signal: null, status: 0 });
    const said = JSON.parse(stdout);
    if (said.squares !== undefined) expect(said.squares).toEqual([1, 4, 9, 16, 25, 36]);
    else expect(said.message).toContain(`\`ulimit -u\` (${most})`);
  },
);
