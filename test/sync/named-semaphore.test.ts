// NamedSemaphore: shared with any program by its name; waits that hold up neither the event loop nor the pool of libuv.
import { readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { ForkyardError, NamedSemaphore, Pool, ResourceError, TimeoutError } from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { tasks } from '../fixtures/sharedmemory/tasks.mjs';
import { openFiles } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';
import { hasPython, startPython } from '../native-binding/python.js';
import { unlinked } from '../sharedmemory/support.js';

let made = 0;
const make = (value?: number) =>
  unlinked(new NamedSemaphore(`fy-sem-${process.pid}-${made++}`, { create: true, value }));

describe('a named semaphore', () => {
  test('counts down to nothing, and up', async () => {
    using semaphore = make(2);
    using other = new NamedSemaphore(semaphore.name);
    expect(semaphore.value).toBe(2);
    other.acquireSync();
    await semaphore.acquire();
    expect([semaphore.value, other.tryAcquire()]).toEqual([0, false]);
    for (const timeout of [0, 5]) {
      expect(thrown(() => semaphore.acquireSync({ timeout }))).toBeInstanceOf(TimeoutError);
      expect(await rejection(semaphore.acquire({ timeout }))).toBeInstanceOf(TimeoutError);
    }
    other.release();
    semaphore.release(3);
    expect(other.value).toBe(4);
    using one = make();
    expect(one.value).toBe(1);
  });

  test('serves those who wait in their order', async () => {
    using semaphore = make(0);
    const served: number[] = [];
    const all = [0, 1, 2, 3, 4].map((n) => semaphore.acquire().then(() => served.push(n)));
    semaphore.release(5);
    await Promise.all(all);
    expect([served, semaphore.value]).toEqual([[0, 1, 2, 3, 4], 0]);
  });

  test('waits without the threads of libuv, and lets the loop run', async () => {
    const semaphores = Array.from({ length: 6 }, () => make(0));
    const waiting = semaphores.map((semaphore) => semaphore.acquire());
    // All four threads would be waiting by now.
    expect((await stat('.')).isDirectory()).toBe(true);
    for (const semaphore of semaphores) semaphore.release();
    await Promise.all(waiting);
    for (const semaphore of semaphores) semaphore[Symbol.dispose]();
  });

  test('gives back what was taken for one who has given up', async () => {
    using semaphore = make(0);
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const aborted = semaphore.acquire({ signal: controller.signal });
    const timedOut = semaphore.acquire({ timeout: 5 });
    expect(await rejection(timedOut)).toBeInstanceOf(TimeoutError);
    controller.abort(reason);
    expect(await rejection(aborted)).toBe(reason);
    semaphore.release();
    // A thread may have it for a moment.
    await until(() => semaphore.value === 1);
    await until(() => semaphore.tryAcquire());
    // What it gives up just now goes to the next.
    for (let round = 0; round < 200; round++) {
      const first = semaphore.acquire({ timeout: 1 }).then(
        () => 1,
        () => 0,
      );
      const second = semaphore.acquire().then(() => 1);
      if (round % 2 === 0) await until(() => true, { intervalMs: 1 });
      semaphore.release(2);
      const taken = (await first) + (await second);
      for (let left = 2 - taken; left > 0; left--) await semaphore.acquire();
    }
    await until(() => semaphore.value === 0);
  });

  test('that is closed refuses, and so do those who wait there', async () => {
    using semaphore = make(0);
    const waiting = semaphore.acquire();
    semaphore.close();
    semaphore.close();
    const closed = {
      class: ForkyardError,
      code: 'ERR_FORKYARD_CLOSED',
      says: [/^NamedSemaphore\./, 'closed'],
    };
    expectClear(await rejection(waiting), closed);
    expectClear(await rejection(semaphore.acquire()), closed);
    for (const use of [
      () => semaphore.acquireSync(),
      () => semaphore.tryAcquire(),
      () => semaphore.release(),
      () => semaphore.value,
    ]) {
      expectClear(thrown(use), closed);
    }
    using again = new NamedSemaphore(semaphore.name);
    again.release();
    // Nobody else waits any more.
    await until(() => again.value === 1);
    again.unlink();
    expect(thrown(() => semaphore.unlink())['code']).toBe('ERR_FORKYARD_NO_SUCH_NAME');
  });

  test('is sent by its name, with each start method', async () => {
    using semaphore = make(0);
    for (const startMethod of ['forkserver', 'spawn'] as const) {
      await using pool = new Pool({ processes: 1, startMethod });
      const taken = pool.apply(tasks.take, [semaphore, 3]);
      semaphore.release(3);
      expect(await taken).toBe(0);
      const given = semaphore.acquire();
      await pool.apply(tasks.give, [semaphore, 1]);
      await given;
    }
    semaphore.close();
    await using pool = new Pool(1);
    expect((await rejection(pool.apply(tasks.give, [semaphore, 1]))).message).toContain('was closed here');
  });

  test('leaves no threads and descriptors, however often it is waited for', async () => {
    const threads = () => readdirSync('/proc/self/task').length;
    const before = { threads: threads(), files: openFiles().length };
    for (let round = 0; round < 100; round++) {
      using semaphore = make(0);
      await rejection(semaphore.acquire({ timeout: 1 }));
    }
    expect(openFiles().length).toBe(before.files);
    await until(() => threads() <= before.threads);
  });
});

describe('wrong use', () => {
  const name = `fy-wrong-${process.pid}`;
  test.each([
    ['no name', [], 'name', 'ERR_INVALID_ARG_TYPE'],
    ['an empty name', [''], 'name', 'ERR_OUT_OF_RANGE'],
    ['a slash', ['/jobs'], 'name', 'ERR_OUT_OF_RANGE'],
    ['a zero', ['a\0b'], 'name', 'ERR_OUT_OF_RANGE'],
    ['a long name', ['x'.repeat(252), { create: true }], 'name', 'ERR_OUT_OF_RANGE'],
    ['a negative value', [name, { create: true, value: -1 }], 'value', 'ERR_OUT_OF_RANGE'],
    ['a large value', [name, { create: true, value: 2 ** 31 }], 'value', 'ERR_OUT_OF_RANGE'],
    ['a text as value', [name, { create: true, value: '1' }], 'value', 'ERR_INVALID_ARG_TYPE'],
    ['a value for what exists', [name, { value: 1 }], 'value', 'ERR_INVALID_ARG_TYPE'],
    ['to track what is not ours', [name, { track: true }], 'track', 'ERR_INVALID_ARG_TYPE'],
    ['an unknown option', [name, { created: true }], 'created', 'ERR_INVALID_ARG_TYPE'],
  ])('%s is an error', (_what, args, says, code) => {
    const error = thrown(() => new NamedSemaphore(...(args as [string])));
    expect([error['code'], error.message]).toEqual([code, expect.stringContaining(`'${says}'`)]);
  });

  test('what does not exist, or exists; too many permits; options of a wait', async () => {
    expect(thrown(() => new NamedSemaphore(name))['code']).toBe('ERR_FORKYARD_NO_SUCH_NAME');
    using semaphore = unlinked(new NamedSemaphore(name, { create: true, value: 2 ** 31 - 2 }));
    expectClear(
      thrown(() => new NamedSemaphore(name, { create: true })),
      {
        class: ResourceError,
        code: 'ERR_FORKYARD_NAME_EXISTS',
        says: [name, 'EEXIST'],
      },
    );
    expect(thrown(() => semaphore.release(2)).message).toContain('at most 1 now');
    semaphore.release();
    expect(semaphore.value).toBe(2 ** 31 - 1);
    expect(thrown(() => semaphore.release(0))).toBeInstanceOf(RangeError);
    expect(await rejection(semaphore.acquire({ timeout: 'x' } as never))).toBeInstanceOf(TypeError);
    expect(thrown(() => semaphore.acquireSync({ signal: AbortSignal.abort() } as never))).toBeInstanceOf(
      TypeError,
    );
  });
});

test.skipIf(!hasPython)('a waiting Node is woken by Python, a waiting Python by Node', async () => {
  using ours = make(0);
  using theirs = make(0);
  const program = `
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.sem_open.restype = ctypes.c_void_p
ours, theirs = (ctypes.c_void_p(libc.sem_open(('/' + name).encode(), 0)) for name in sys.argv[1:])
for _ in range(100):
    libc.sem_post(ours)
    libc.sem_wait(theirs)
print('done')`;
  const python = startPython(program, ours.name, theirs.name);
  for (let round = 0; round < 100; round++) {
    await ours.acquire({ timeout: 40_000 });
    theirs.release();
  }
  expect(await python.ended).toBe('done\n');
  expect([ours.value, theirs.value]).toEqual([0, 0]);
});
