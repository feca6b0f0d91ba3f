// SharedMemory: the same names and bytes as CPython's, every wrong use an error, and sent anywhere in the family.
// Whose names are removed when is ends.test.ts.
import { existsSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  Event,
  ForkyardError,
  NamedSemaphore,
  Pool,
  Process,
  ResourceError,
  SharedMemory,
} from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { tasks } from '../fixtures/sharedmemory/tasks.mjs';
import { runScript } from '../helpers/run-script.js';
import { shmUsers } from '../helpers/system-state.js';
import { hasPython, runPython } from '../native-binding/python.js';
import { unlinked } from './support.js';

const startMethods = ['forkserver', 'spawn'] as const;

describe('shared memory', () => {
  test('has the name, the mode and the size that CPython would give it', () => {
    using memory = unlinked(new SharedMemory({ create: true, size: 5000 }));
    expect(memory.name).toMatch(/^psm_[0-9a-f]{8}$/);
    const file = statSync(`/dev/shm/${memory.name}`);
    expect([file.mode & 0o777, file.size, memory.size]).toEqual([0o600, 5000, 5000]);
    expect(shmUsers(memory.name).map(({ pid }) => pid)).toEqual([process.pid]);
    expect(memory.buf.every((byte) => byte === 0)).toBe(true);
  });

  test('is the same for all who attach to it', () => {
    using memory = unlinked(new SharedMemory({ create: true, size: 64, name: `fy-test-${process.pid}` }));
    using other = new SharedMemory({ name: memory.name, size: 64 });
    memory.buf.set([1, 2, 3]);
    new Float64Array(memory.buffer)[7] = 0.5;
    expect([...other.buf.subarray(0, 4)]).toEqual([1, 2, 3, 0]);
    expect(new Float64Array(other.buffer).at(-1)).toBe(0.5);
    expect(memory.buffer).toBe(memory.buffer);
    expect(memory.buf.buffer).toBe(memory.buffer);
  });

  test('that is closed refuses, and leaves arrays over it alone', () => {
    using memory = unlinked(new SharedMemory({ create: true, size: 10 }));
    const { buf } = memory;
    memory.close();
    memory.close();
    for (const use of [() => memory.buf, () => memory.buffer]) {
      expectClear(thrown(use), {
        class: ForkyardError,
        code: 'ERR_FORKYARD_CLOSED',
        says: [/^SharedMemory\.buf/, 'was closed'],
      });
    }
    buf.fill(7);
    expect([buf.at(-1), memory.size]).toEqual([7, 10]);
    using again = new SharedMemory({ name: memory.name });
    expect(again.buf[0]).toBe(7);
  });

  test('is removed once', () => {
    const memory = new SharedMemory({ create: true, size: 10 });
    memory.close();
    memory.unlink();
    expect(existsSync(`/dev/shm/${memory.name}`)).toBe(false);
    expectClear(
      thrown(() => memory.unlink()),
      {
        class: ResourceError,
        code: 'ERR_FORKYARD_NO_SUCH_NAME',
        says: ['SharedMemory.unlink', memory.name, 'was removed'],
      },
    );
  });
});

describe('wrong use', () => {
  const name = `fy-wrong-${process.pid}`;
  test.each([
    ['no name', {}, 'name', 'ERR_INVALID_ARG_TYPE'],
    ['no options', undefined, 'name', 'ERR_INVALID_ARG_TYPE'],
    ['options that are none', 'psm_1', 'options', 'ERR_INVALID_ARG_TYPE'],
    ['an option that there is not', { name, crate: true }, 'create', 'ERR_INVALID_ARG_TYPE'],
    ['a name that is no text', { name: 5 }, 'name', 'ERR_INVALID_ARG_TYPE'],
    ['an empty name', { name: '' }, 'name', 'ERR_OUT_OF_RANGE'],
    ['a name with a slash', { name: 'a/b' }, 'name', 'ERR_OUT_OF_RANGE'],
    ['a name that begins with a slash', { name: '/a' }, 'name', 'ERR_OUT_OF_RANGE'],
    ['a name with a zero', { name: 'a\0b' }, 'name', 'ERR_OUT_OF_RANGE'],
    ['a folder', { name: '..' }, 'name', 'ERR_OUT_OF_RANGE'],
    ['a name that is too long', { name: 'x'.repeat(256) }, 'name', 'ERR_OUT_OF_RANGE'],
    ['half a surrogate pair', { name: '\ud800' }, 'name', 'ERR_OUT_OF_RANGE'],
    ['a create that is no boolean', { create: 1, size: 5 }, 'create', 'ERR_INVALID_ARG_TYPE'],
    ['no size', { create: true }, 'size', 'ERR_INVALID_ARG_TYPE'],
    ['size 0', { create: true, size: 0 }, 'size', 'ERR_OUT_OF_RANGE'],
    ['a negative size', { create: true, size: -1 }, 'size', 'ERR_OUT_OF_RANGE'],
    ['half a byte', { create: true, size: 1.5 }, 'size', 'ERR_OUT_OF_RANGE'],
    ['no number', { create: true, size: Number.NaN }, 'size', 'ERR_OUT_OF_RANGE'],
    ['a size beyond all integers', { create: true, size: 2 ** 60 }, 'size', 'ERR_OUT_OF_RANGE'],
    ['to track what is not ours', { name, track: true }, 'track', 'ERR_INVALID_ARG_TYPE'],
  ])('%s is an error', (_what, options, says, code) => {
    const error = thrown(() => new SharedMemory(options as never));
    expect(error['code']).toBe(code);
    expect(error.message).toContain('new SharedMemory');
    expect(error.message).toContain(`'${says}'`);
  });

  test('what does not exist, exists already, or is empty', () => {
    const refused = (options: object) => thrown(() => new SharedMemory(options));
    expect(refused({ name })['code']).toBe('ERR_FORKYARD_NO_SUCH_NAME');
    using memory = unlinked(new SharedMemory({ name, create: true, size: 10 }));
    const error = refused({ name, create: true, size: 10 });
    expectClear(error, { class: ResourceError, code: 'ERR_FORKYARD_NAME_EXISTS', says: [name, 'EEXIST'] });
    expect(error['errno']).toBe(17);
    expect(refused({ name, size: 11 })).toBeInstanceOf(RangeError);
    memory.unlink();
    // As another program leaves it between shm_open and ftruncate.
    writeFileSync(`/dev/shm/${name}`, '', { mode: 0o600 });
    expect(refused({ name }).message).toContain('has not given it a size yet');
  });

  test('more than there is room for is an error with its number, and no file', () => {
    const { bavail, bsize } = statfsSync('/dev/shm');
    const error = thrown(() => new SharedMemory({ name, create: true, size: bavail * bsize + 2 ** 30 }));
    expect(error).toBeInstanceOf(ResourceError);
    // EFBIG where it is more than a buffer of this Node; ENOSPC of the file system; ENOMEM where a control group allows less.
    expect([27, 28, 12]).toContain(error['errno']);
    expect(existsSync(`/dev/shm/${name}`)).toBe(false);
  });
});

// Only root can become somebody else.
test.skipIf(process.getuid?.() !== 0)(
  'what belongs to another user is neither opened nor removed',
  async () => {
    using memory = unlinked(new SharedMemory({ create: true, size: 10 }));
    using semaphore = unlinked(new NamedSemaphore(memory.name, { create: true }));
    const program = `
    const { NamedSemaphore, SharedMemory } = await import(${JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)});
    const memory = new SharedMemory({ name: '${memory.name}' });
    const semaphore = new NamedSemaphore('${semaphore.name}');
    process.setuid(65534);
    for (const call of [
      () => new SharedMemory({ name: memory.name }),
      () => memory.unlink(),
      () => new NamedSemaphore(semaphore.name),
      () => semaphore.unlink(),
    ]) {
      try {
        call();
      } catch ({ code, message }) {
        console.log(code, message.includes('another user'));
      }
    }`;
    const { stdout, stderr } = await runScript('--input-type=module', { args: ['-e', program] });
    expect([stderr, stdout]).toEqual(['', 'ERR_FORKYARD_PERMISSION true\n'.repeat(4)]);
  },
);

describe.each(startMethods)('sent by %s', (startMethod) => {
  test('to a Process, it is the same memory', async () => {
    using memory = unlinked(new SharedMemory({ create: true, size: 100 }));
    memory.buf.fill(3);
    const child = new Process({ target: tasks.fill, args: [memory, 9], startMethod });
    child.start();
    expect(await child.result).toEqual({ before: 3, name: memory.name, size: 100 });
    await child.join();
    expect(memory.buf.every((byte) => byte === 9)).toBe(true);
  });

  test('to a Pool, nested, and back', async () => {
    await using pool = new Pool({ processes: 1, startMethod });
    using memory = unlinked(new SharedMemory({ create: true, size: 100 }));
    memory.buf.fill(5);
    expect(await pool.apply(tasks.nested, [{ deep: [memory] }])).toBe(5);
    using back = (await pool.apply(tasks.same, [memory])) as SharedMemory;
    back.buf[0] = 6;
    expect(memory.buf[0]).toBe(6);
    using made = unlinked((await pool.apply(tasks.make, [50, 4])) as SharedMemory);
    expect([made.size, made.buf[49]]).toEqual([50, 4]);
  });

  test('what is gone or closed is an error that says so', async () => {
    await using pool = new Pool({ processes: 1, startMethod });
    using memory = new SharedMemory({ create: true, size: 100 });
    memory.unlink();
    const gone = await rejection(pool.apply(tasks.same, [memory]));
    expect([gone['code'], gone.message]).toEqual([
      'ERR_FORKYARD_SERIALIZATION',
      expect.stringContaining(`'${memory.name}' was unlinked`),
    ]);
    memory.close();
    const closed = await rejection(pool.apply(tasks.same, [memory]));
    expect(closed.message).toContain('was closed here');
    expect(await pool.apply(tasks.same, [1])).toBe(1);
  });

  test('what is removed on the way is an error of that call alone', async () => {
    await using pool = new Pool({ processes: 1, startMethod });
    const [begun, goOn] = [new Event(), new Event()];
    const blocked = pool.apply(tasks.block, [begun, goOn]);
    await begun.wait();
    const memory = new SharedMemory({ create: true, size: 100 });
    const late = pool.apply(tasks.same, [memory]);
    memory.unlink();
    memory.close();
    goOn.set();
    await blocked;
    const error = await rejection(late);
    expect(error.message).toContain(memory.name);
    expect(error['code'] ?? (error.cause as { code?: string })?.code).toMatch(/NO_SUCH_NAME/);
    expect(await pool.apply(tasks.same, [2])).toBe(2);
  });
});

describe.skipIf(!hasPython)('with CPython (needs python3)', () => {
  test('each reads what the other wrote, by the name alone', () => {
    using memory = unlinked(new SharedMemory({ create: true, size: 4096 }));
    memory.buf.set(Buffer.from('from Node'));
    const program = `
import sys
from multiprocessing import resource_tracker, shared_memory
theirs = shared_memory.SharedMemory(name=sys.argv[1])
resource_tracker.unregister(theirs._name, 'shared_memory')
ours = shared_memory.SharedMemory(create=True, size=theirs.size)
resource_tracker.unregister(ours._name, 'shared_memory')
ours.buf[:9] = theirs.buf[:9]
theirs.buf[:11] = b'from Python'
print(ours.name, end='')`;
    const name = runPython(program, memory.name);
    using made = unlinked(new SharedMemory({ name }));
    expect([made.size, Buffer.from(made.buf.subarray(0, 9)).toString()]).toEqual([4096, 'from Node']);
    expect(Buffer.from(memory.buf.subarray(0, 11)).toString()).toBe('from Python');
  });
});
