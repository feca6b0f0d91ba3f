// Named shared memory of the addon: the same bytes as CPython's, and mappings that live exactly as long as their buffers.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { loadAddon } from '../../lib/native/load.js';
import { until } from '../helpers/until.js';
import { hasPython, runPython } from './python.js';

const addon = loadAddon();
const mode = 0o600;
const names = new Set<string>();

function newName(): string {
  const name = `/forkyard-test-${randomBytes(8).toString('hex')}`;
  names.add(name);
  return name;
}

afterEach(() => {
  for (const name of names) if (existsSync(`/dev/shm${name}`)) addon.shmUnlink(name);
  names.clear();
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function isMapped(name: string): boolean {
  return readFileSync('/proc/self/maps', 'utf8').includes(name);
}

describe.skipIf(!hasPython)('with CPython as the peer (needs python3)', () => {
  // Its resource tracker would remove at exit what it merely attached to (CPython issue 82300).
  const attach = `
import sys
from multiprocessing import resource_tracker, shared_memory
memory = shared_memory.SharedMemory(name=sys.argv[1])
resource_tracker.unregister(memory._name, 'shared_memory')
`;

  test('what Node makes Python reads and writes', () => {
    const name = newName();
    const handle = addon.shmCreate(name, 5000, mode);
    const bytes = new Uint8Array(addon.shmBuffer(handle));
    bytes.set([1, 2, 3, 250], 4096);
    const program = `${attach}
print(memory.size, list(memory.buf[4096:4100]))
memory.buf[0:5] = b'hello'
memory.close()`;
    expect(runPython(program, name.slice(1))).toBe('5000 [1, 2, 3, 250]\n');
    expect(Buffer.from(bytes.subarray(0, 5)).toString()).toBe('hello');
    addon.shmClose(handle);
  });

  test('what Python makes Node reads and writes, and Python removes', () => {
    const name = newName();
    const create = `
import sys
from multiprocessing import resource_tracker, shared_memory
memory = shared_memory.SharedMemory(name=sys.argv[1], create=True, size=3000)
memory.buf[:4] = bytes([9, 8, 7, 6])
resource_tracker.unregister(memory._name, 'shared_memory')
memory.close()`;
    runPython(create, name.slice(1));
    const handle = addon.shmAttach(name);
    expect(addon.shmSize(handle)).toBe(3000);
    const bytes = new Uint8Array(addon.shmBuffer(handle));
    expect([...bytes.subarray(0, 4)]).toEqual([9, 8, 7, 6]);
    bytes[2999] = 77;
    const remove = `
import sys
from multiprocessing import shared_memory
memory = shared_memory.SharedMemory(name=sys.argv[1])
print(memory.buf[2999])
memory.close()
memory.unlink()`;
    expect(runPython(remove, name.slice(1))).toBe('77\n');
    expect(() => addon.shmAttach(name)).toThrow(expect.objectContaining({ code: 'ENOENT', errno: -2 }));
    addon.shmClose(handle);
  });
});

test('two handles of a name, and two buffers of a handle, are the same memory', () => {
  const name = newName();
  const first = addon.shmCreate(name, 64, mode);
  const second = addon.shmAttach(name);
  const views = [first, first, second].map((handle) => new Uint8Array(addon.shmBuffer(handle)));
  views[0][63] = 5;
  expect(views.map((view) => view[63])).toEqual([5, 5, 5]);
});

test('a closed handle refuses, and its buffer stays valid', () => {
  const name = newName();
  const handle = addon.shmCreate(name, 4096, mode);
  const bytes = new Uint8Array(addon.shmBuffer(handle));
  addon.shmClose(handle);
  addon.shmClose(handle);
  for (const call of [() => addon.shmBuffer(handle), () => addon.shmSize(handle)]) {
    expect(call).toThrow(expect.objectContaining({ code: 'EBADF', errno: -9 }));
  }
  addon.shmUnlink(name);
  collectGarbage();
  bytes.fill(3);
  expect(bytes.every((byte) => byte === 3)).toBe(true);
});

test('the mapping goes when handle and buffers are collected, and not before', async () => {
  const name = newName();
  let bytes: Uint8Array | undefined;
  (() => {
    const handle = addon.shmCreate(name, 4096, mode);
    bytes = new Uint8Array(addon.shmBuffer(handle));
  })();
  collectGarbage();
  expect(isMapped(name)).toBe(true);
  expect(bytes?.length).toBe(4096);
  bytes = undefined;
  await until(() => {
    collectGarbage();
    return !isMapped(name);
  });
});

test('ten thousand of them leave no mapping', async () => {
  const name = newName();
  for (let i = 0; i < 10_000; i++) {
    const handle = addon.shmCreate(name, 8192, mode);
    if (i % 10 === 0) new Uint8Array(addon.shmBuffer(handle))[0] = 1;
    addon.shmClose(handle);
    addon.shmUnlink(name);
  }
  await until(() => {
    collectGarbage();
    return !isMapped(name);
  });
});

test('a worker thread that ends with buffers and handles open gives them back', async () => {
  const name = newName();
  const code = `
    import(${JSON.stringify(new URL('../../lib/native/load.js', import.meta.url).href)}).then(({ loadAddon }) => {
      const addon = loadAddon();
      const handle = addon.shmCreate(${JSON.stringify(name)}, 4096, 0o600);
      globalThis.kept = [handle, new Uint8Array(addon.shmBuffer(handle)).fill(1)];
      require('worker_threads').parentPort.postMessage('mapped');
      setInterval(() => {}, 1000);
    });`;
  const worker = new Worker(code, { eval: true });
  await once(worker, 'message');
  expect(isMapped(name)).toBe(true);
  await worker.terminate();
  expect(isMapped(name)).toBe(false);
});

test.each<[string, () => unknown, string]>([
  [
    'a taken name',
    () => [addon.shmCreate([...names][0], 10, mode), addon.shmCreate([...names][0], 10, mode)],
    'EEXIST',
  ],
  ['a name that is not there', () => addon.shmAttach('/forkyard-nobody'), 'ENOENT'],
  ['removing what is not there', () => addon.shmUnlink('/forkyard-nobody'), 'ENOENT'],
  ['a name with a slash inside', () => addon.shmCreate('/a/b', 10, mode), 'EINVAL'],
  ['a name with a zero byte', () => addon.shmCreate('/forkyard-a\0b', 10, mode), 'EINVAL'],
  ['no bytes', () => addon.shmCreate('/forkyard-none', 0, mode), 'EINVAL'],
])('%s is an error with a code', (_, call, code) => {
  newName();
  expect(call).toThrow(expect.objectContaining({ code }));
});

test('arguments and handles of another kind are refused, not reinterpreted', () => {
  const name = newName();
  const memory = addon.shmCreate(name, 10, mode);
  const semaphore = addon.semCreate(name, 0, mode);
  const wrong: unknown[] = [semaphore, {}, 1, null, undefined, 'x'];
  for (const value of wrong) {
    expect(() => addon.shmBuffer(value as never)).toThrow(TypeError);
    expect(() => addon.shmClose(value as never)).toThrow(TypeError);
  }
  expect(() => addon.semPost(memory as never)).toThrow(TypeError);
  expect(() => addon.shmCreate(1 as never, 10, mode)).toThrow(TypeError);
  expect(() => addon.shmCreate(name, '10' as never, mode)).toThrow(TypeError);
  expect(() => addon.shmCreate(name, -1, mode)).toThrow(RangeError);
  expect(() => addon.shmCreate(name, 10, 0o100000)).toThrow(RangeError);
  addon.semUnlink(name);
});
