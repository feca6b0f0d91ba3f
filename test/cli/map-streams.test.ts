// `forkyard map` as a part of pipelines: memory, readers that leave or stall, Ctrl-C.
// What comes out is map.test.ts.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { killTree } from '../helpers/run-script.js';
import { processesOf, workersOf } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';
import {
  cli,
  Folder,
  fixtures,
  numberedLines,
  peakMemory,
  readPosition,
  runShell,
  startMap,
} from './support.js';

// What the issue allows for five million lines.
const memoryLimitMb = 250;

describe('memory', () => {
  test.each([
    ['in order', []],
    ['--unordered', ['--unordered']],
  ])('a million lines, %s, need no more than a few', async (_, options) => {
    using folder = new Folder();
    const files = [folder.write('lines', numberedLines(1_000_000, ` ${'x'.repeat(80)}`))];
    await using map = startMap('echo', { files, options });
    let peak = 0;
    await until(() => {
      const now = peakMemory(map.pid);
      peak = Math.max(peak, now ?? 0);
      return now === undefined;
    });
    const { stdout, exitCode } = await map.ended;
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')).toHaveLength(1_000_001);
    expect(peak).toBeGreaterThan(10);
    expect(peak).toBeLessThan(memoryLimitMb);
  });

  test('an output that stalls stops the reading, and goes on when it is read again', async () => {
    using folder = new Folder();
    const text = numberedLines(500_000, ` ${'x'.repeat(80)}`);
    const path = folder.write('lines', text);
    await using map = startMap('echo', { files: [path] });
    map.child.stdout?.pause();
    await until(() => readPosition(map.pid, path) ?? 0, { what: 'the first read' });
    const position = await standstill(() => readPosition(map.pid, path));
    expect(position).toBeLessThan(text.length / 2);
    expect(peakMemory(map.pid)).toBeLessThan(memoryLimitMb);
    map.child.stdout?.resume();
    const { stdout, exitCode } = await map.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toBe(text);
  });
});

describe('a reader that leaves', () => {
  test('ends it quietly, with the status that a shell has for it', async () => {
    const { stdout, stderr } = await runShell('yes | ($MAP ./tasks.mjs#upper; echo $? >&2) | head -1');
    expect({ stdout, stderr }).toEqual({ stdout: 'Y\n', stderr: '141\n' });
  });

  test('also with --unordered, --keep-going, and failures to tell', async () => {
    const { stdout, stderr } = await runShell(
      '(echo bad; yes) | ($MAP -u -k ./tasks.mjs#refuse; echo $? >&2) | head -3',
    );
    expect(stdout).toBe('y\ny\ny\n');
    expect(stderr).toMatch(
      // The reader may have gone before the worker with that line was heard.
      /^(forkyard map: <stdin>:1: RangeError: refused bad .*\n {4}at refuse .*\n(forkyard map: 1 of \d+ lines failed\n)?)?141\n$/,
    );
  });

  test('of the messages only does no harm', async () => {
    const { stdout } = await runShell(
      '(echo bad; seq 1 5) | $MAP -k ./tasks.mjs#refuse 2> >(exec true); echo $?',
    );
    expect(stdout).toBe('1\n2\n3\n4\n5\n1\n');
  });
});

describe('Ctrl-C', () => {
  test('once: what is under way is finished and written, nothing more is begun', async () => {
    using folder = new Folder();
    const input = `first\nwait ${folder.pathOf('gate')}\n${numberedLines(1000)}`;
    await using map = startMap('wait', { input, options: ['--workers', '1', '--chunk-size', '1'] });
    await until(() => map.stderr.includes('waiting'));
    map.kill('SIGINT');
    await until(() => map.stderr.includes('under way'));
    folder.write('gate', '');
    const { stdout, stderr, exitCode } = await map.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toMatch(
      /^waiting\nforkyard map: finishing \d lines under way; Ctrl-C again stops at once\n$/,
    );
    expect(stdout).toMatch(/^first\nwaited\n(1\n(2\n(3\n)?)?)?$/);
  });

  test('twice: it stops at once', async () => {
    await using map = startMap('wait', { input: 'wait /no/such/gate\n' });
    await until(() => map.stderr.includes('waiting'));
    map.kill('SIGINT');
    await until(() => map.stderr.includes('finishing 1 line under way'));
    map.kill('SIGINT');
    expect(await map.ended).toMatchObject({ exitCode: 130, stdout: '' });
  });

  test('at the terminal reaches the workers too, and they leave it to the root', async () => {
    using folder = new Folder();
    await using map = startMap('wait', { input: `wait ${folder.pathOf('gate')}\n` });
    await until(() => map.stderr.includes('waiting'));
    for (const { pid } of processesOf(map.pid)) process.kill(pid, 'SIGINT');
    map.kill('SIGINT');
    await until(() => map.stderr.includes('under way'));
    folder.write('gate', '');
    expect(await map.ended).toMatchObject({ exitCode: 130, stdout: 'waited\n' });
  });

  test('while nothing is under way, or the input is silent, ends it', async () => {
    await using map = startMap('echo', { input: null });
    map.child.stdin?.write('a\n');
    await map.waitForOutput(/a\n/);
    map.kill('SIGINT');
    expect(await map.ended).toMatchObject({ exitCode: 130, stdout: 'a\n', stderr: '' });
  });

  test('twice while the output stalls', async () => {
    using folder = new Folder();
    const path = folder.write('lines', numberedLines(500_000, ` ${'x'.repeat(80)}`));
    // What a test reads by itself is a socket; a shell makes pipes.
    await using map = startIntoPipe(folder, 'echo', path);
    const { pid, stderr, ended } = map;
    await until(() => readPosition(pid, path) ?? 0, { what: 'the first read' });
    await standstill(() => readPosition(pid, path));
    process.kill(pid, 'SIGINT');
    await until(() => stderr().includes('lines under way'), { what: stderr });
    process.kill(pid, 'SIGINT');
    expect(await ended).toBe(130);
  });
});

test('SIGTERM ends it at once, and all its workers', async () => {
  await using map = startMap('hangs', { input: 'loop\n' });
  await until(() => workersOf(map.pid).length === 2);
  map.kill('SIGTERM');
  expect(await map.ended).toMatchObject({ exitCode: 143, stdout: '', stderr: '' });
});

test('a root that is killed leaves no worker', async () => {
  await using map = startMap('hangs', { input: 'loop\n' });
  const workers = await until(() => {
    const found = workersOf(map.pid);
    return found.length === 2 && found;
  });
  map.kill('SIGKILL');
  await map.ended;
  await until(() => workers.every(({ pid }) => !isAlive(pid)));
});

/** Standard output is a pipe that nobody reads. */
function startIntoPipe(folder: Folder, name: string, input: string) {
  const path = folder.pathOf('pipe');
  execFileSync('mkfifo', [path]);
  // Open in both directions, so that nobody waits for the other end.
  const pipe = openSync(path, 'r+');
  const args = [cli, 'map', '--workers', '2', `./tasks.mjs#${name}`, input];
  const child = spawn(process.execPath, args, { cwd: fixtures, stdio: ['ignore', pipe, 'pipe'] });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve)).finally(() =>
    closeSync(pipe),
  );
  return {
    pid: child.pid as number,
    stderr: () => stderr,
    ended,
    async [Symbol.asyncDispose]() {
      killTree(child.pid as number);
      await ended;
    },
  };
}

/** Resolves with a value that has been the same for many looks. */
async function standstill(look: () => number | undefined): Promise<number> {
  let last: number | undefined;
  let same = 0;
  await until(
    () => {
      const now = look();
      same = now !== undefined && now === last && now > 0 ? same + 1 : 0;
      last = now;
      return same >= 40;
    },
    { intervalMs: 20 },
  );
  return last as number;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
