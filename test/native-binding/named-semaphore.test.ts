// Named semaphores of the addon, with C's own sem_open (called by CPython's ctypes) on the other side.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { loadAddon } from '../../lib/native/load.js';
import { hasPython, runPython, startPython } from './python.js';

const addon = loadAddon();
const mode = 0o600;
const names = new Set<string>();

function newName(): string {
  const name = `/forkyard-test-${randomBytes(8).toString('hex')}`;
  names.add(name);
  return name;
}

afterEach(() => {
  for (const name of names) if (existsSync(`/dev/shm/sem.${name.slice(1)}`)) addon.semUnlink(name);
  names.clear();
});

const open = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.sem_open.restype = ctypes.c_void_p
name = sys.argv[1].encode()
def opened(flags=0, value=0):
    pointer = libc.sem_open(name, flags, 0o600, value)
    if not pointer:
        raise OSError(ctypes.get_errno(), 'sem_open')
    return ctypes.c_void_p(pointer)
def value(semaphore):
    number = ctypes.c_int()
    libc.sem_getvalue(semaphore, ctypes.byref(number))
    return number.value
`;

describe.skipIf(!hasPython)('with CPython as the peer (needs python3)', () => {
  test('Node creates, Python opens, takes and posts', () => {
    const name = newName();
    const semaphore = addon.semCreate(name, 2, mode);
    const program = `${open}
s = opened()
print(value(s), libc.sem_trywait(s), libc.sem_trywait(s), libc.sem_trywait(s))
for _ in range(5): libc.sem_post(s)`;
    expect(runPython(program, name)).toBe('2 0 0 -1\n');
    expect(addon.semValue(semaphore)).toBe(5);
    addon.semClose(semaphore);
  });

  test('Python creates, Node opens; a name exists once for both', () => {
    const name = newName();
    runPython(`${open}\nopened(os.O_CREAT | os.O_EXCL, 3)`, name);
    expect(() => addon.semCreate(name, 1, mode)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    const semaphore = addon.semCreateOrOpen(name, 9, mode);
    expect(addon.semValue(semaphore)).toBe(3);
    addon.semUnlink(name);
    expect(() => runPython(`${open}\nopened()`, name)).toThrow(/FileNotFoundError|No such file/);
    addon.semClose(semaphore);
  });

  test('a waiting Node is woken by Python, a waiting Python by Node', async () => {
    const name = newName();
    const back = newName();
    const mine = addon.semCreate(name, 0, mode);
    const theirs = addon.semCreate(back, 0, mode);
    const program = `${open}
a = opened()
name = sys.argv[2].encode()
b = opened()
for _ in range(200):
    libc.sem_post(a)
    libc.sem_wait(b)
print('done')`;
    const python = startPython(program, name, back);
    for (let i = 0; i < 200; i++) {
      expect(addon.semWait(mine, 40_000)).toBe(true);
      addon.semPost(theirs);
    }
    expect(await python.ended).toBe('done\n');
    expect([addon.semValue(mine), addon.semValue(theirs)]).toEqual([0, 0]);
  });
});

test('waiting ends no sooner than the time-out, and takes what is there without any', () => {
  const name = newName();
  const semaphore = addon.semCreate(name, 1, mode);
  expect(addon.semWait(semaphore, 0)).toBe(true);
  expect(addon.semTryWait(semaphore)).toBe(false);
  const begin = process.hrtime.bigint();
  expect(addon.semWait(semaphore, 30.5)).toBe(false);
  expect(Number(process.hrtime.bigint() - begin)).toBeGreaterThanOrEqual(30_500_000);
  addon.semPost(semaphore);
  expect(addon.semWait(semaphore, Number.POSITIVE_INFINITY)).toBe(true);
  addon.semPost(semaphore);
  expect(addon.semWait(semaphore, -1)).toBe(true);
  expect(addon.semWait(semaphore, Number.NaN)).toBe(false);
});

test('a closed handle refuses, another one of the same name does not', () => {
  const name = newName();
  const first = addon.semCreate(name, 1, mode);
  const second = addon.semOpen(name);
  addon.semClose(first);
  addon.semClose(first);
  for (const call of [addon.semPost, addon.semTryWait, addon.semValue]) {
    expect(() => call(first)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  }
  expect(addon.semTryWait(second)).toBe(true);
  addon.semClose(second);
});

test.each<[string, (name: string) => unknown, string]>([
  ['a name that is not there', (name) => addon.semOpen(name), 'ENOENT'],
  ['removing what is not there', (name) => addon.semUnlink(name), 'ENOENT'],
  ['a value above the largest', (name) => addon.semCreate(name, 2 ** 31, mode), 'EINVAL'],
  [
    'a post beyond the largest',
    (name) => addon.semPost(addon.semCreate(name, addon.systemConstants.semaphoreValueMax, mode)),
    'EOVERFLOW',
  ],
  ['a zero byte in the name', (name) => addon.semCreate(`${name}\0x`, 1, mode), 'EINVAL'],
])('%s is an error with a code', (_, call, code) => {
  expect(() => call(newName())).toThrow(expect.objectContaining({ code }));
});
