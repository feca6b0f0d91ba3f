// `forkyard shm` and `forkyard sem`: what there is and whose it is, told from outside; and nothing that somebody uses is removed.
import { existsSync, unlinkSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { NamedSemaphore, SharedMemory } from '../../lib/index.js';
import { type RunningScript, startScript } from '../helpers/run-script.js';
import { hasPython, startPython } from '../native-binding/python.js';
import { unlinked } from '../sharedmemory/support.js';
import { runCli } from './support.js';

const root = new URL('../fixtures/sharedmemory/root.mjs', import.meta.url);
const exists = (file: string) => existsSync(`/dev/shm/${file}`);

interface Listed {
  readonly name: string;
  readonly size?: number;
  readonly value?: number | null;
  readonly uid: number;
  readonly madeAt: string;
  readonly usedBy: readonly number[];
  readonly owner: {
    readonly rootPid: number;
    readonly makerPid: number;
    readonly lives: boolean | null;
  } | null;
  readonly isOrphaned: boolean;
}

async function list(kind: 'shm' | 'sem'): Promise<ReadonlyMap<string, Listed>> {
  const { stdout, stderr, exitCode } = await runCli([kind, 'ls', '--json']);
  expect([stderr, exitCode]).toEqual(['', 0]);
  return new Map((JSON.parse(stdout) as Listed[]).map((entry) => [entry.name, entry]));
}

/** A program of its own that has made things, and stays. Its names: tracked memory, list, semaphore, untracked memory. */
async function startRoot(): Promise<{ script: RunningScript; names: readonly string[] }> {
  const script = startScript(root, { args: ['stay'] });
  const [line] = await script.waitForOutput(/^.*\n/);
  return { script, names: line.trim().split(' ') };
}

const left: string[] = [];
afterEach(() => {
  for (const file of left.splice(0)) if (exists(file)) unlinkSync(`/dev/shm/${file}`);
});

describe('what a root that lives has made', () => {
  test('is listed with its owner and its users', async () => {
    const { script, names } = await startRoot();
    await using _ = script;
    const [memory, shareable, semaphore, kept] = names as [string, string, string, string];
    left.push(memory, shareable, `sem.${semaphore}`, kept);
    const shm = await list('shm');
    const owner = { rootPid: script.pid, makerPid: script.pid, lives: true };
    expect(shm.get(memory)).toMatchObject({
      size: 4096,
      uid: process.getuid?.(),
      usedBy: [script.pid],
      owner,
      isOrphaned: false,
    });
    expect(Date.parse(shm.get(memory)?.madeAt as string)).toBeGreaterThan(Date.now() - 600_000);
    expect(shm.get(kept)?.owner).toBe(null);
    expect(shm.has(`sem.${semaphore}`)).toBe(false);
    expect((await list('sem')).get(semaphore)).toMatchObject({ value: 0, usedBy: [script.pid], owner });
  });

  test('is not removed, but by force', async () => {
    const { script, names } = await startRoot();
    await using _ = script;
    const [memory, shareable, semaphore, kept] = names as [string, string, string, string];
    left.push(memory, shareable, `sem.${semaphore}`, kept);
    const refused = await runCli(['shm', 'rm', memory, kept, 'fy-no-such']);
    expect([refused.exitCode, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr.split('\n').slice(0, 3)).toEqual([
      `forkyard shm rm: ${memory}: process ${script.pid} has it; --force removes it all the same`,
      `forkyard shm rm: ${kept}: process ${script.pid} has it; --force removes it all the same`,
      'forkyard shm rm: fy-no-such: there is no shared memory of that name',
    ]);
    expect((await runCli(['shm', 'rm', '--orphaned'])).exitCode).toBe(0);
    expect(exists(memory)).toBe(true);
    const forced = await runCli(['sem', 'rm', '--force', semaphore]);
    expect([forced.exitCode, forced.stdout, exists(`sem.${semaphore}`)]).toEqual([
      0,
      `${semaphore}\n`,
      false,
    ]);
  });
});

test('what a killed root has left is orphaned, and removed; the rest is not', async () => {
  const { script, names } = await startRoot();
  const [memory, shareable, semaphore, kept] = names as [string, string, string, string];
  left.push(memory, shareable, `sem.${semaphore}`, kept);
  using other = unlinked(new SharedMemory({ create: true, size: 10 }));
  const attached = new SharedMemory({ name: shareable });
  script.kill('SIGKILL');
  await script.ended;
  const shm = await list('shm');
  expect(shm.get(memory)).toMatchObject({ owner: { lives: false }, usedBy: [], isOrphaned: true });
  // Somebody still has this one, and the owner of that one is not known.
  expect(shm.get(shareable)).toMatchObject({ usedBy: [process.pid], isOrphaned: false });
  expect(shm.get(kept)).toMatchObject({ owner: null, isOrphaned: false });
  const table = (await runCli(['shm', 'ls'])).stdout.split('\n');
  expect(table[0]).toMatch(/^NAME +SIZE +USER +MADE +USED BY +OWNER$/);
  expect(table.find((line) => line.startsWith(memory))).toMatch(
    new RegExp(`4\\.0 KiB .* - +${script.pid} \\(dead\\)$`),
  );
  const removed = await runCli(['shm', 'rm', '--orphaned']);
  expect([removed.exitCode, removed.stderr]).toEqual([0, '']);
  expect(removed.stdout.split('\n')).toContain(memory);
  expect([memory, shareable, kept, other.name].map(exists)).toEqual([false, true, true, true]);
  attached.close();
  const again = await runCli(['shm', 'rm', '--orphaned']);
  expect(again.stdout.split('\n')).toContain(shareable);
  expect((await runCli(['sem', 'rm', '--orphaned'])).stdout.split('\n')).toContain(semaphore);
  expect((await runCli(['shm', 'rm', kept])).exitCode).toBe(0);
  expect([shareable, `sem.${semaphore}`, kept].map(exists)).toEqual([false, false, false]);
});

test('a name with control characters is shown as what it is', async () => {
  const name = 'fy-\u001b[31m\nred';
  using memory = unlinked(new SharedMemory({ create: true, size: 10, name }));
  const { stdout } = await runCli(['shm', 'ls']);
  expect(stdout).toContain('fy-\\u001b[31m\\nred');
  expect((await list('shm')).get(memory.name)?.usedBy).toEqual([process.pid]);
});

test('a file that is no semaphore, and a mark that somebody has made up, harm nothing', async () => {
  const file = 'sem.fy-nonsense';
  left.push(file);
  writeFileSync(`/dev/shm/${file}`, 'x');
  expect((await list('sem')).get('fy-nonsense')).toMatchObject({ owner: null, isOrphaned: false });
});

test.skipIf(!hasPython)('what a Python process has is seen, and whose it is not known', async () => {
  const program = `
import sys
from multiprocessing import shared_memory
memory = shared_memory.SharedMemory(create=True, size=100)
print(memory.name, flush=True)
sys.stdin.read()
memory.unlink()`;
  const { child, ended } = startPython(program);
  const name = await new Promise<string>((resolve) =>
    child.stdout.once('data', (text: string) => resolve(text.trim())),
  );
  expect((await list('shm')).get(name)).toMatchObject({ usedBy: [child.pid], owner: null });
  child.stdin.end();
  await ended;
});

describe('wrong usage', () => {
  test.each([
    [['shm'], /Usage: forkyard shm/],
    [['shm', 'list'], /forkyard shm: unknown command 'list'/],
    [['shm', 'rm'], /forkyard shm rm: give the names to remove, or --orphaned/],
    [['sem', 'rm', '--orphaned', 'x'], /forkyard sem rm: give names or --orphaned, not both/],
    [['sem', 'rm', '--orphaned', '--force'], /cannot be used with option '--force'/],
    [['sem', 'ls', '--yaml'], /forkyard sem ls: unknown option '--yaml'/],
  ])('%j has status 2', async (args, says) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
  });

  test('help teaches, with status 0', async () => {
    for (const args of [
      ['shm', '--help'],
      ['sem', 'ls', '--help'],
      ['shm', 'rm', '-h'],
    ]) {
      const { exitCode, stdout } = await runCli(args);
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`Usage: forkyard ${args[0]}`)]);
    }
    const { stdout } = await runCli(['--help']);
    expect(stdout).toMatch(/shm[\s\S]*sem/);
  });
});

test('an empty list is one', async () => {
  using semaphore = unlinked(new NamedSemaphore(`fy-only-${process.pid}`, { create: true }));
  semaphore.close();
  semaphore.unlink();
  const { stdout } = await runCli(['sem', 'ls']);
  expect(stdout.split('\n')[0]).toMatch(/^NAME +VALUE/);
});
