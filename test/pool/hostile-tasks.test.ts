// Tasks that are unkind to their worker, to the encoding and to the reader of their results: never more than an error.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Pool } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';
import { hostile } from '../fixtures/pool/hostile.mjs';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { runScript } from '../helpers/run-script.js';
import { until } from '../helpers/until.js';

const fixture = (path: string) => new URL(`../fixtures/pool/${path}`, import.meta.url);

let pool: Pool;
beforeAll(() => {
  pool = new Pool(2);
});
afterAll(() => pool[Symbol.asyncDispose]());

async function expectUnharmed(): Promise<void> {
  expect(await pool.map(tasks.square, [1, 2, 3], { chunkSize: 1 })).toEqual([1, 4, 9]);
  expect(pool.stats()).toMatchObject({ state: 'open', restarts: 0, lost: 0 });
}

describe('results', () => {
  test('a thenable is awaited, and one that throws is an error', async () => {
    expect(await pool.apply(hostile.thenable as never)).toBe('from then');
    expect(await rejection(pool.apply(hostile.throwingThen as never))).toBeInstanceOf(RangeError);
    await expectUnharmed();
  });

  test('a generator cannot be sent, and the message says what can', async () => {
    const error = await rejection(pool.apply(hostile.generator));
    expect(error).toMatchObject({
      code: 'ERR_FORKYARD_SERIALIZATION',
      message: expect.stringContaining('array'),
    });
    await expectUnharmed();
  });

  test.each([1000, 100_000, 1_000_000])(
    'nested %d levels deep: whole, or an error that says so; both ways',
    async (levels) => {
      const depthOf = (value: { value?: object }) => {
        let depth = 0;
        for (
          let inner: { value?: object } | undefined = value;
          inner.value !== undefined;
          inner = inner.value
        )
          depth++;
        return depth;
      };
      const outcomes = await Promise.allSettled([
        pool.apply(hostile.nested, [levels]),
        pool.apply(hostile.echo, [hostile.nested(levels)]),
      ]);
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') expect(depthOf(outcome.value)).toBe(levels);
        else expect(outcome.reason).toMatchObject({ code: expect.stringMatching(/^ERR_FORKYARD_/) });
      }
      expect(outcomes.map(({ status }) => status)).toEqual(
        levels > 1000 ? expect.anything() : ['fulfilled', 'fulfilled'],
      );
      await expectUnharmed();
    },
  );

  test('an array of a thousand million holes is small', async () => {
    expect(await pool.apply(hostile.sparse, [1e9])).toHaveLength(1e9);
    expect(await pool.apply(hostile.echo, [new Array(1e9)])).toHaveLength(1e9);
    await expectUnharmed();
  });
});

describe('errors', () => {
  test.each([
    ['throwFrozen', 'frozen'],
    ['throwWithoutStack', 'without a stack'],
    ['throwTrappedStack', 'trapped'],
    ['throwTrappedName', 'trapped'],
  ] as const)('%s', async (name, message) => {
    const error = await rejection(pool.apply(hostile[name]));
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(message);
    await expectUnharmed();
  });

  test('an object without a prototype', async () => {
    const error = await rejection(pool.apply(hostile.throwBare));
    expect(Object.keys(error)).toEqual([]);
    await expectUnharmed();
  });

  test('a chain of 5,000 causes', async () => {
    const error = await rejection(pool.apply(hostile.throwLongChain, [5000]));
    expect(error.message).toBe('4999');
    expect((error.cause as Error).message).toBe('4998');
    await expectUnharmed();
  });
});

describe('the worker', () => {
  test('its task may give away what it was sent', async () => {
    const outcome = await pool.apply(hostile.detach, [new Uint8Array(100_000)]);
    // Node 20 copies memory of addons instead, and cannot be asked otherwise.
    expect(outcome).toBe('transfer' in ArrayBuffer.prototype ? 'detached' : 'still there');
    await expectUnharmed();
  });

  test('an interrupt, as the terminal sends it to all, is the business of the root', async () => {
    await until(() => pool.stats().workers.every(({ state }) => state === 'idle'));
    const pids = pool.stats().workers.map(({ pid }) => pid as number);
    for (let n = 0; n < 5; n++) for (const pid of pids) process.kill(pid, 'SIGINT');
    const seen = new Set<number>();
    while (seen.size < 2)
      for (const pid of await Promise.all([1, 2, 3, 4].map(() => pool.apply(hostile.pid)))) seen.add(pid);
    expect([...seen].sort()).toEqual([...pids].sort());
    await expectUnharmed();
  });

  test('a task that never settles and leaves nothing to wait for stays pending; its worker lives', async () => {
    const own = new Pool(2);
    const pending = rejection(own.apply(hostile.never));
    for (let n = 0; n < 20; n++) expect(await own.apply(tasks.square, [n])).toBe(n * n);
    expect(own.stats()).toMatchObject({ unsettled: 1, restarts: 0 });
    own.terminate();
    await own.join();
    expect(await pending).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
  });

  test('that closes descriptors that are not its own: settled one way or the other, and the pool goes on', async () => {
    const own = new Pool(2);
    const [outcome] = await Promise.allSettled([own.apply(hostile.closeDescriptors)]);
    if (outcome.status === 'rejected')
      expect(outcome.reason).toMatchObject({ code: 'ERR_FORKYARD_WORKER_LOST' });
    else expect(outcome.value).toBe('closed');
    expect(await own.map(tasks.square, [1, 2, 3, 4], { chunkSize: 1 })).toEqual([1, 4, 9, 16]);
    own.terminate();
    await own.join();
  });
});

test('what a task prints is not lost when the pool ends right after it', async () => {
  const { stdout, stderr, exitCode } = await runScript(fixture('printing.mjs'));
  expect({ stdout, stderr, exitCode }).toEqual({
    stdout: 'from a task\n',
    stderr: 'from a task as error\n',
    exitCode: 0,
  });
});

test('a CommonJS program defines tasks with `module`', async () => {
  const { stdout, stderr, exitCode } = await runScript(fixture('common.cjs'));
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: '[1,8,27] 64\n', stderr: '', exitCode: 0 });
});

test('modules of Node are task modules as well', async () => {
  expect(await pool.apply({ module: 'node:path', name: 'basename' }, ['/a/b.txt'])).toBe('b.txt');
});
