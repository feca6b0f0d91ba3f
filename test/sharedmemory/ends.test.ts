// Who removes the names that a family has made: its root, however it ends in order, whoever made them and was killed.
// What a killed root leaves is test/cli/named.test.ts.
import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SharedMemory } from '../../lib/index.js';
import { mark } from '../conformance/marks.js';
import { runScript } from '../helpers/run-script.js';
import { shmEntries } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';
import { hasPython, runPython } from '../native-binding/python.js';
import { unlinked } from './support.js';

const root = new URL('../fixtures/sharedmemory/root.mjs', import.meta.url);
const exists = (file: string) => existsSync(`/dev/shm/${file}`);

describe('when the root ends', () => {
  test.each([
    ['return', 0],
    ['exit', 3],
    ['throw', 1],
    ['waiting', 0],
    ['exitWaiting', 0],
    ['terminatedWorker', 0],
    ['child', 0],
    ['childKilled', 0],
  ])('by "%s", what was tracked is gone, and the rest is there', async (end, exitCode) => {
    const { path, open, lines } = mark();
    open();
    const ended = await runScript(root, { args: [end, path] });
    expect([ended.exitCode, ended.signal, ended.timedOut]).toEqual([exitCode, null, false]);
    const [memory, list, semaphore, kept] = (ended.stdout.split('\n')[0] as string).split(' ');
    const [ofChild = '', listOfChild = '', semaphoreOfChild = ''] = lines()[0]?.split(' ') ?? [];
    const ofThread = /of the thread (\S+)/.exec(ended.stdout)?.[1];
    expect([ofChild !== '', ofThread !== undefined]).toEqual([
      end.startsWith('child'),
      end === 'terminatedWorker',
    ]);
    const tracked = [memory, list, `sem.${semaphore}`];
    if (ofChild !== '') tracked.push(ofChild, listOfChild, `sem.${semaphoreOfChild}`);
    if (ofThread !== undefined) tracked.push(ofThread);
    expect(tracked.filter((file) => exists(file as string))).toEqual([]);
    expect(exists(kept as string)).toBe(true);
    unlinkSync(`/dev/shm/${kept}`);
  });

  test.each([
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGHUP', 'SIGHUP'],
    ['blockedSIGTERM', 'SIGTERM'],
    ['handledSIGTERM', null],
    ['handledBeforeSIGTERM', null],
  ])('by a signal: %s, the same', async (end, signal) => {
    const ended = await runScript(root, { args: [end] });
    expect([ended.stderr, ended.signal, ended.timedOut]).toEqual(['', signal, false]);
    if (signal === null) expect(ended.stdout).toContain('still there true');
    const [memory, list, semaphore, kept] = (ended.stdout.split('\n')[0] as string).split(' ');
    expect([memory, list, `sem.${semaphore}`].filter((file) => exists(file as string))).toEqual([]);
    expect(exists(kept as string)).toBe(true);
    unlinkSync(`/dev/shm/${kept}`);
  });

  test('nothing is left of those who were killed while they made and removed names', async () => {
    const { path } = mark();
    const ended = await runScript(root, { args: ['childrenKilledAtWork', path] });
    expect([ended.stderr, ended.exitCode]).toEqual(['', 0]);
    const [memory, , , kept] = (ended.stdout.split('\n')[0] as string).split(' ');
    unlinkSync(`/dev/shm/${kept}`);
    expect(shmEntries().filter((file) => file.includes(memory as string))).toEqual([]);
  });

  test('a name that another program has taken meanwhile is left alone', async () => {
    const { path } = mark();
    const program = `
      const { SharedMemory } = await import(${JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)});
      const { renameSync, writeFileSync } = await import('node:fs');
      const memory = new SharedMemory({ create: true, size: 10 });
      writeFileSync(${JSON.stringify(path)}, memory.name);
      writeFileSync('/dev/shm/' + memory.name + '-other', 'not ours');
      renameSync('/dev/shm/' + memory.name + '-other', '/dev/shm/' + memory.name);`;
    const ended = await runScript('--input-type=module', { args: ['-e', program] });
    expect([ended.stderr, ended.exitCode]).toEqual(['', 0]);
    const name = readFileSync(path, 'utf8');
    expect(readFileSync(`/dev/shm/${name}`, 'utf8')).toBe('not ours');
    unlinkSync(`/dev/shm/${name}`);
  });
});

test('whoever has merely attached removes nothing when it ends', async () => {
  using memory = unlinked(new SharedMemory({ create: true, size: 10 }));
  const program = `
    const { Pool, SharedMemory } = await import(${JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)});
    new SharedMemory({ name: ${JSON.stringify(memory.name)} }).buf[0] = 42;`;
  const ended = await runScript('--input-type=module', { args: ['-e', program] });
  expect(ended.exitCode).toBe(0);
  expect([exists(memory.name), memory.buf[0]]).toEqual([true, 42]);
});

test.skipIf(!hasPython)('what CPython makes and tracks is still its own to remove', async () => {
  const program = `
import subprocess, sys
from multiprocessing import shared_memory
memory = shared_memory.SharedMemory(create=True, size=10)
subprocess.run([sys.argv[1], '--input-type=module', '-e', sys.argv[2], memory.name], check=True)
print(memory.name, memory.buf[0], end='')
memory.unlink()`;
  const node = `
    const { SharedMemory } = await import(${JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)});
    new SharedMemory({ name: process.argv[1] }).buf[0] = 9;`;
  const [name, value] = runPython(program, process.execPath, node).split(' ');
  expect(value).toBe('9');
  await until(() => !exists(name as string));
});
