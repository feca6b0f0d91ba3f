// Every wrong use is an error at once, with a class, a code and a message that says what to do; and nothing is lost by
// it: the pool goes on. One test for each. What a task may do to its worker: test/pool/lost-workers.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  activeChildren,
  BrokenPoolError,
  ForkyardError,
  Pool,
  Process,
  ProcessError,
  RemoteError,
  ResourceError,
  SerializationError,
  TaskResolutionError,
  WorkerLostError,
} from '../lib/index.js';
import { drained, expectClear, rejection, thrown } from './conformance/caught.js';
import { mark } from './conformance/marks.js';
import { failures } from './fixtures/pool/errors.mjs';
import { tasks } from './fixtures/pool/tasks.mjs';
import { runScript } from './helpers/run-script.js';
import { workersOf } from './helpers/system-state.js';
import { until } from './helpers/until.js';

const fixture = (path: string) => new URL(`./fixtures/${path}`, import.meta.url);

let pool: Pool;
beforeAll(() => {
  pool = new Pool(2);
});
afterAll(() => pool[Symbol.asyncDispose]());

/** The pool is whole: both workers answer, and what it says of itself adds up. */
async function expectUnharmed(): Promise<void> {
  expect(await pool.map(tasks.square, [1, 2, 3, 4, 5], { chunkSize: 1 })).toEqual([1, 4, 9, 16, 25]);
  expect(await pool.apply(tasks.add, [2, 3])).toBe(5);
  // Other chunks of a call that failed may still be under way.
  await until(() => pool.stats().unsettled === 0, { what: () => JSON.stringify(pool.stats()) });
  const { state, workers, waiting } = pool.stats();
  expect({ state, workers: workers.length, waiting }).toEqual({ state: 'open', workers: 2, waiting: 0 });
}

describe('an argument that cannot be encoded', () => {
  const circle: { self?: unknown; run: () => void } = { run: () => {} };
  circle.self = circle;

  test.each([
    ['a function', [{ user: { callback: () => {} } }], 'args[0].user.callback'],
    ['a symbol', [1, [2, Symbol('x')]], 'args[1][1]'],
    ['a WeakMap', [{ cache: new WeakMap() }], 'args[0].cache'],
    ['a promise', [{ 'odd key': Promise.resolve() }], 'args[0]["odd key"]'],
    ['something in a Map', [new Map([['k', { f: () => {} }]])], 'args[0].get("k").f'],
    ['something in a cycle', [circle], 'args[0].run'],
  ])('%s: apply rejects, names the path, and the pool goes on', async (_name, args, path) => {
    const error = await rejection(pool.apply(tasks.all, args as never));
    expectClear(error, {
      class: SerializationError,
      code: 'ERR_FORKYARD_SERIALIZATION',
      says: [String(error['path'])],
    });
    expect(error['path']).toBe(path);
    await expectUnharmed();
  });

  test('map rejects with the place in the input, and every other task of the pool is done', async () => {
    const others = Promise.all(Array.from({ length: 50 }, (_, n) => pool.apply(tasks.square, [n])));
    const items = [1, 2, 3, { f: () => {} }, 5];
    const error = await rejection(pool.map(tasks.echo, items, { chunkSize: 2 }));
    expectClear(error, {
      class: SerializationError,
      code: 'ERR_FORKYARD_SERIALIZATION',
      says: [/\.f\b/],
    });
    expect(error['path']).toMatch(/3\]\.f$/);
    expect(await others).toEqual(Array.from({ length: 50 }, (_, n) => n * n));
    await expectUnharmed();
  });

  test('imap delivers what came before it, then the error', async () => {
    const items = [1, 2, { f: () => {} }, 4];
    const { values, error } = await drained(pool.imap(tasks.echo, items));
    expect(values).toEqual([1, 2]);
    expect(error).toBeInstanceOf(SerializationError);
    await expectUnharmed();
  });

  test('a getter that throws gives its own error or one with it as cause, and the pool goes on', async () => {
    const trap = {
      get field() {
        throw new RangeError('the getter');
      },
    };
    const error = await rejection(pool.apply(tasks.echo, [trap]));
    const chain = [error, error.cause];
    expect(chain.some((e) => e instanceof RangeError && e.message === 'the getter')).toBe(true);
    await expectUnharmed();
  });

  test('Process.start throws at the call, and nothing was started', async () => {
    const own = pool.stats().workers.map(({ pid }) => pid);
    const child = new Process({ target: tasks.hang, args: [mark().path, { deep: { fn() {} } }] as never });
    const error = thrown(() => child.start());
    expectClear(error, {
      class: SerializationError,
      code: 'ERR_FORKYARD_SERIALIZATION',
      says: ['args[1].deep.fn'],
    });
    expect(child.isAlive()).toBe(false);
    expect(child.pid).toBeNull();
    expect(activeChildren()).not.toContain(child);
    // Whoever starts processes has come past it then.
    await using next = new Process({ target: tasks.nothing });
    next.start();
    await next.join();
    await until(() => workersOf(process.pid).every(({ pid }) => own.includes(pid)));
  });
});

describe('a task that cannot be found', () => {
  test('a function that was not defined as a task: what to do is said', async () => {
    function work() {}
    const error = await rejection(pool.apply(work as never));
    expectClear(error, {
      class: TaskResolutionError,
      code: 'ERR_FORKYARD_TASK_RESOLUTION',
      says: ['Pool.apply', 'work', 'defineTasks'],
    });
    expect(() => new Process({ target: work as never })).toThrow(TaskResolutionError);
    await expectUnharmed();
  });

  test('a name that the module does not export: the near ones are named', async () => {
    const target = { module: fixture('pool/exports.mjs'), name: 'tripel' };
    const error = await rejection(pool.apply(target));
    expectClear(error, {
      class: TaskResolutionError,
      code: 'ERR_FORKYARD_TASK_RESOLUTION',
      says: ['tripel', 'exports.mjs', 'triple'],
    });
    expect({ module: error['module'], task: error['task'] }).toEqual({
      module: target.module.href,
      task: 'tripel',
    });
    await expectUnharmed();
  });

  test('an export that is no function', async () => {
    const error = await rejection(pool.apply({ module: fixture('pool/exports.mjs'), name: 'notAFunction' }));
    expectClear(error, {
      class: TaskResolutionError,
      code: 'ERR_FORKYARD_TASK_RESOLUTION',
      says: ['notAFunction', /not a function/],
    });
    await expectUnharmed();
  });

  test('a module that does not exist: map and imap fail as apply does', async () => {
    const target = { module: fixture('pool/no-such-module.mjs'), name: 'x' };
    for (const run of [
      () => pool.apply(target),
      () => pool.map(target, [1, 2, 3]),
      () => drained(pool.imap(target, [1, 2])).then(({ error }) => Promise.reject(error)),
    ]) {
      const error = await rejection(run());
      expectClear(error, {
        class: TaskResolutionError,
        code: 'ERR_FORKYARD_TASK_RESOLUTION',
        says: ['no-such-module.mjs'],
      });
    }
    await expectUnharmed();
  });

  test('a relative module is refused with what to write instead', async () => {
    const error = await rejection(pool.apply({ module: './work.mjs', name: 'x' }));
    expectClear(error, {
      class: TaskResolutionError,
      code: 'ERR_FORKYARD_TASK_RESOLUTION',
      says: ['Pool.apply', 'import.meta.url'],
    });
    await expectUnharmed();
  });

  test.each([[undefined], [null], [5], ['square'], [{}], [[]]])(
    '%o is no task: TypeError',
    async (target) => {
      for (const call of [
        () => pool.apply(target as never),
        () => pool.map(target as never, [1]),
        () => pool.starmap(target as never, [[1]]),
      ]) {
        const error = await rejection(call());
        expectClear(error, { class: TypeError, code: 'ERR_INVALID_ARG_TYPE', says: ['Pool.', 'task'] });
      }
      const error = thrown(() => pool.imap(target as never, [1]));
      expectClear(error, { class: TypeError, code: 'ERR_INVALID_ARG_TYPE', says: ['Pool.imap', 'task'] });
      await expectUnharmed();
    },
  );
});

test('a module that throws on import: what it threw is the cause', async () => {
  const target = { module: fixture('pool/throwing-module.mjs'), name: 'work' };
  const error = await rejection(pool.apply(target));
  expectClear(error, {
    class: TaskResolutionError,
    code: 'ERR_FORKYARD_TASK_RESOLUTION',
    says: ['throwing-module.mjs', 'this module cannot be imported'],
  });
  expect(error.cause).toBeInstanceOf(RangeError);
  expect((error.cause as Error).message).toBe('this module cannot be imported');
  const child = new Process({ target, stdio: 'ignore' });
  child.start();
  expect((await rejection(child.result)).message).toContain('this module cannot be imported');
  await child.join();
  expect(child.exitCode).toBe(1);
  child.close();
  await expectUnharmed();
});

test.each([
  ['exiting-module.mjs', 'exit code 3'],
  ['endless-module.mjs', 'never comes'],
])(
  'a module whose import does not come to its end (%s): the error says why, and the pool goes on',
  async (file, reason) => {
    const single = new Pool(1);
    const target = { module: fixture(`pool/${file}`), name: 'work' };
    for (const call of [() => single.apply(target), () => single.map(target, [1, 2, 3])]) {
      expectClear(await rejection(call()), {
        class: TaskResolutionError,
        code: 'ERR_FORKYARD_TASK_RESOLUTION',
        says: [file, 'importing', reason],
      });
    }
    expect(await single.apply(tasks.square, [3])).toBe(9);
    single.terminate();
    await single.join();
  },
);

test.each([
  ['exiting-module.mjs', 'exit code 3'],
  ['endless-module.mjs', 'never comes'],
])('an initializer whose import does not come to its end (%s): the error says why', async (file, reason) => {
  const broken = new Pool({
    processes: 1,
    initializer: { module: fixture(`pool/${file}`), name: 'work' },
    restartBudget: 1,
  });
  const error = await rejection(broken.apply(tasks.square, [3]));
  const { cause } = error;
  expectClear(cause as Error, {
    class: TaskResolutionError,
    code: 'ERR_FORKYARD_TASK_RESOLUTION',
    says: [file, 'importing', reason],
  });
  broken.terminate();
  await broken.join();
});

describe('a pool or process started while a worker imports its task module', () => {
  test.each(['pool', 'process'])('a %s at the top level of a task module', async (what) => {
    const error = await rejection(pool.apply({ module: fixture(`pool/starts-${what}.mjs`), name: 'work' }));
    expectClear(error, {
      class: ForkyardError,
      code: 'ERR_FORKYARD_BOOTSTRAPPING',
      says: [what === 'pool' ? 'new Pool' : 'Process.start', 'isMainProcess'],
    });
    await expectUnharmed();
  });

  test('a program without the guard is one clear error and no fork bomb', async () => {
    const { exitCode, stdout, timedOut } = await runScript(fixture('pool/unguarded-main.mjs'));
    expect(timedOut).toBe(false);
    expect(stdout).toBe('main: ERR_FORKYARD_BOOTSTRAPPING\n');
    expect(exitCode).toBe(0);
  });

  test('a program with the guard runs as main program and task module at once', async () => {
    const { exitCode, stdout, stderr } = await runScript(fixture('pool/guarded-main.mjs'));
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '[1,4,9] 16\n', stderr: '' });
  });
});

describe('numbers that make no sense', () => {
  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('processes: %d', (processes) => {
    for (const make of [() => new Pool(processes), () => new Pool({ processes })]) {
      expectClear(thrown(make), {
        class: RangeError,
        code: 'ERR_OUT_OF_RANGE',
        says: ['new Pool', 'processes', 'at least 1', String(processes)],
      });
    }
  });

  test('new Pool(2, options)', () => {
    const error = thrown(() => Reflect.construct(Pool, [2, { preload: [] }]));
    expectClear(error, {
      class: TypeError,
      code: 'ERR_INVALID_ARG_TYPE',
      says: ['new Pool', 'options', 'the only argument', 'processes'],
    });
  });

  test.each([['2'], [null], [true], [2n], [[]]])('new Pool(%o)', (options) => {
    const error = thrown(() => new Pool(options as never));
    expectClear(error, { class: TypeError, code: 'ERR_INVALID_ARG_TYPE', says: ['new Pool'] });
  });

  test.each([
    ['concurrency', 0],
    ['concurrency', 2.5],
    ['restartBudget', -1],
    ['restartBudget', Number.NaN],
  ])('%s: %d', (name, value) => {
    expectClear(
      thrown(() => new Pool({ processes: 1, [name]: value })),
      {
        class: RangeError,
        code: 'ERR_OUT_OF_RANGE',
        says: ['new Pool', name, String(value)],
      },
    );
  });

  test.each([
    ['concurrency', '1'],
    ['initializer', 'setUp'],
    ['initializer', 5],
    ['initargs', 'ab'],
    ['name', 5],
    ['env', 'PATH'],
    ['priority', '5'],
    ['cpus', 'everywhere'],
    ['cpus', 0],
  ])('%s: %o', (name, value) => {
    expectClear(
      thrown(() => new Pool({ processes: 1, [name]: value } as never)),
      {
        class: TypeError,
        code: 'ERR_INVALID_ARG_TYPE',
        says: ['new Pool', /./],
      },
    );
  });

  test.each([0, -1, 1.5, Number.NaN])('chunkSize: %d, whichever the method', async (chunkSize) => {
    const expected = (method: string) => ({
      class: RangeError,
      code: 'ERR_OUT_OF_RANGE',
      says: [method, 'chunkSize', 'at least 1', String(chunkSize)],
    });
    expectClear(await rejection(pool.map(tasks.square, [1], { chunkSize })), expected('Pool.map'));
    expectClear(await rejection(pool.map(tasks.square, [], { chunkSize })), expected('Pool.map'));
    expectClear(await rejection(pool.starmap(tasks.add, [[1, 2]], { chunkSize })), expected('Pool.starmap'));
    expectClear(
      thrown(() => pool.imap(tasks.square, [1], { chunkSize })),
      expected('Pool.imap'),
    );
    expectClear(
      thrown(() => pool.imapUnordered(tasks.square, [1], { chunkSize })),
      expected('Pool.imapUnordered'),
    );
    await expectUnharmed();
  });

  test.each([0, -3, 0.5])('bufferSize: %d', async (bufferSize) => {
    expectClear(
      thrown(() => pool.imap(tasks.square, [1], { bufferSize })),
      {
        class: RangeError,
        code: 'ERR_OUT_OF_RANGE',
        says: ['Pool.imap', 'bufferSize', String(bufferSize)],
      },
    );
    await expectUnharmed();
  });

  test('chunkSize and bufferSize that are no numbers, and options that are no object', async () => {
    for (const options of [{ chunkSize: '2' }, { chunkSize: null }, 5, 'fast', null]) {
      const error = await rejection(pool.map(tasks.square, [1, 2], options as never));
      expectClear(error, { class: TypeError, code: 'ERR_INVALID_ARG_TYPE', says: ['Pool.map'] });
      const atOnce = thrown(() => pool.imap(tasks.square, [1, 2], options as never));
      expectClear(atOnce, { class: TypeError, code: 'ERR_INVALID_ARG_TYPE', says: ['Pool.imap'] });
    }
    await expectUnharmed();
  });
});

describe('input of the wrong kind', () => {
  test.each([[undefined], [null], [5], [{}], [() => {}]])('%o is no iterable', async (items) => {
    const error = await rejection(pool.map(tasks.square, items as never));
    expectClear(error, {
      class: TypeError,
      code: 'ERR_INVALID_ARG_TYPE',
      says: ['Pool.map', 'items', 'iterable'],
    });
    const atOnce = thrown(() => pool.imap(tasks.square, items as never));
    expectClear(atOnce, { class: TypeError, code: 'ERR_INVALID_ARG_TYPE', says: ['Pool.imap', 'items'] });
    await expectUnharmed();
  });

  test('apply wants an array of arguments, starmap an array for each call', async () => {
    for (const args of [5, 'ab', {}, null]) {
      const error = await rejection(pool.apply(tasks.echo, args as never));
      expectClear(error, { class: TypeError, code: 'ERR_INVALID_ARG_TYPE', says: ['Pool.apply', 'args'] });
    }
    const error = await rejection(pool.starmap(tasks.add, [[1, 2], 3] as never));
    expectClear(error, { class: TypeError, code: 'ERR_INVALID_ARG_TYPE', says: ['Pool.starmap', /\[1\]/] });
    await expectUnharmed();
  });
});

describe('processors and rights', () => {
  test('cpus: [99], of a pool and of a process', () => {
    for (const [method, make] of [
      ['new Pool', () => new Pool({ processes: 1, cpus: [99] })],
      ['new Pool', () => new Pool({ processes: 2, cpus: [[0], [99]] })],
      ['new Process', () => new Process({ target: tasks.nothing, cpus: [99] })],
    ] as const) {
      expectClear(thrown(make), {
        class: RangeError,
        code: 'ERR_OUT_OF_RANGE',
        says: [method, 'cpus', '99'],
      });
    }
  });

  test('a list of CPUs that is empty, negative, or not one per worker', () => {
    for (const cpus of [[], [-1], [0.5], [[0]], [[], []], [[0], [0], [0]]]) {
      expectClear(
        thrown(() => new Pool({ processes: 2, cpus: cpus as never })),
        {
          class: RangeError,
          code: 'ERR_OUT_OF_RANGE',
          says: ['new Pool', 'cpus'],
        },
      );
    }
  });

  test('a priority beyond the range of nice values', () => {
    for (const priority of [20, -21, 1.5, Number.NaN]) {
      expectClear(
        thrown(() => new Pool({ processes: 1, priority })),
        {
          class: RangeError,
          code: 'ERR_OUT_OF_RANGE',
          says: ['new Pool', 'priority'],
        },
      );
    }
  });

  test('a priority without permission: the right that is missing is named, and nothing hangs', async () => {
    const { stdout, stderr, exitCode, timedOut } = await runScript(fixture('pool/unprivileged.mjs'));
    expect({ exitCode, timedOut, stderr }).toEqual({ exitCode: 0, timedOut: false, stderr: '' });
    const found = JSON.parse(stdout);
    expect(found.process).toMatchObject({
      class: ResourceError.name,
      code: 'ERR_FORKYARD_PERMISSION',
      errno: 13,
    });
    expect(found.process.message).toMatch(/CAP_SYS_NICE|RLIMIT_NICE/);
    // The pool cannot work at all: its error says why.
    expect(found.pool).toMatchObject({ class: BrokenPoolError.name, causeCode: 'ERR_FORKYARD_PERMISSION' });
    expect(found.pool.causeMessage).toMatch(/CAP_SYS_NICE|RLIMIT_NICE/);
    expect(found.after).toBe(81);
  });
});

describe('calls in the wrong state', () => {
  test('work after close or terminate', async () => {
    for (const end of ['close', 'terminate'] as const) {
      const ended = new Pool(1);
      expect(await ended.apply(tasks.square, [3])).toBe(9);
      ended[end]();
      const expected = (method: string) => ({
        class: ForkyardError,
        code: 'ERR_FORKYARD_POOL_CLOSED',
        says: [method, end, /new pool/],
      });
      expectClear(await rejection(ended.map(tasks.square, [1])), expected('Pool.map'));
      expectClear(await rejection(ended.starmap(tasks.add, [[1, 2]])), expected('Pool.starmap'));
      expectClear(await rejection(ended.apply(tasks.square, [1])), expected('Pool.apply'));
      expectClear(
        thrown(() => ended.imap(tasks.square, [1])),
        expected('Pool.imap'),
      );
      expectClear(
        thrown(() => ended.imapUnordered(tasks.square, [1])),
        expected('Pool.imapUnordered'),
      );
      await ended.join();
    }
  });

  test('join of an open pool', async () => {
    expectClear(await rejection(pool.join()), {
      class: ForkyardError,
      code: 'ERR_FORKYARD_POOL_STATE',
      says: ['Pool.join', /close\(\)/, /terminate\(\)/],
    });
    await expectUnharmed();
  });

  test('a process: everything before start, and start twice', async () => {
    const child = new Process({ target: tasks.square, args: [5] });
    const expected = (member: string, remedy: RegExp) => ({
      class: ForkyardError,
      code: 'ERR_FORKYARD_PROCESS_STATE',
      says: [`Process.${member}`, 'initial', remedy],
    });
    expectClear(await rejection(child.join()), expected('join', /start\(\)/));
    expectClear(
      thrown(() => child.terminate()),
      expected('terminate', /start\(\)/),
    );
    expectClear(
      thrown(() => child.kill()),
      expected('kill', /start\(\)/),
    );
    expectClear(
      thrown(() => child.interrupt()),
      expected('interrupt', /start\(\)/),
    );
    expectClear(
      thrown(() => child.sentinel),
      expected('sentinel', /start/),
    );
    child.start();
    const twice = thrown(() => child.start());
    expectClear(twice, {
      class: ForkyardError,
      code: 'ERR_FORKYARD_PROCESS_STATE',
      says: ['Process.start', 'once'],
    });
    expectClear(
      thrown(() => child.close()),
      {
        class: ForkyardError,
        code: 'ERR_FORKYARD_PROCESS_STATE',
        says: ['Process.close', /join\(\)/],
      },
    );
    expect(
      thrown(() => {
        child.daemon = true;
      }),
    ).toMatchObject({ code: 'ERR_FORKYARD_PROCESS_STATE' });
    // Nothing was lost by it.
    expect(await child.result).toBe(25);
    expect(await child.join()).toBe(true);
    child.close();
    expectClear(
      thrown(() => child.isAlive()),
      {
        class: ForkyardError,
        code: 'ERR_FORKYARD_PROCESS_CLOSED',
        says: ['Process.isAlive', 'closed'],
      },
    );
  });

  test.each([
    ['options', 5],
    ['args', { args: 'ab' }],
    ['name', { name: 5 }],
    ['daemon', { daemon: 1 }],
    ['cwd', { cwd: 7 }],
    ['stdio', { stdio: 'loud' }],
    ['stdio', { stdio: ['pipe', 'pipe'] }],
    ['execArgv', { execArgv: '--flag' }],
    ['signal', { signal: {} }],
    ['env', { env: 5 }],
    ['startMethod', { startMethod: 7 }],
    ['preload', { preload: './a.mjs' }],
    ['preload', { preload: [7] }],
    ['target', { target: 'work' }],
  ])('new Process: %s', (name, options) => {
    expectClear(
      thrown(() => new Process(options as never)),
      {
        class: TypeError,
        code: 'ERR_INVALID_ARG_TYPE',
        says: ['new Process', name],
      },
    );
  });

  test.each([
    ['soon', TypeError, 'ERR_INVALID_ARG_TYPE'],
    [Number.NaN, RangeError, 'ERR_OUT_OF_RANGE'],
    [null, TypeError, 'ERR_INVALID_ARG_TYPE'],
    [{}, TypeError, 'ERR_INVALID_ARG_TYPE'],
  ])('join with the timeout %o', async (timeout, errorClass, code) => {
    const child = new Process({ target: tasks.nothing });
    child.start();
    expectClear(await rejection(child.join({ timeout } as never)), {
      class: errorClass,
      code,
      says: ['Process.join', 'timeout'],
    });
    await child.join();
    child.close();
  });
});

describe('an iterable that throws half way', () => {
  class InputError extends Error {}

  function* broken(good: number) {
    for (let n = 0; n < good; n++) yield n;
    throw new InputError('the input broke');
  }
  async function* brokenLater(good: number) {
    for (let n = 0; n < good; n++) {
      await new Promise((resolve) => setImmediate(resolve));
      yield n;
    }
    throw new InputError('the input broke');
  }

  test.each([
    ['a generator', broken],
    ['an async generator', brokenLater],
  ])('%s given to imap: every result before it is delivered, then this very error', async (_name, input) => {
    const { values, error } = await drained(pool.imap(tasks.square, input(7)));
    expect(values).toEqual([0, 1, 4, 9, 16, 25, 36]);
    expect(error).toBeInstanceOf(InputError);
    await expectUnharmed();
  });

  test('in a chunk: what was read of the chunk is delivered too', async () => {
    const { values, error } = await drained(pool.imap(tasks.square, broken(7), { chunkSize: 3 }));
    expect(values).toEqual([0, 1, 4, 9, 16, 25, 36]);
    expect(error).toBeInstanceOf(InputError);
    await expectUnharmed();
  });

  test('imapUnordered: all of them, in some order', async () => {
    const { values, error } = await drained(pool.imapUnordered(tasks.square, brokenLater(9)));
    expect(values.sort((a, b) => a - b)).toEqual([0, 1, 4, 9, 16, 25, 36, 49, 64]);
    expect(error).toBeInstanceOf(InputError);
    await expectUnharmed();
  });

  test('map and starmap reject with this very error', async () => {
    expect(await rejection(pool.map(tasks.square, broken(3)))).toBeInstanceOf(InputError);
    expect(await rejection(pool.map(tasks.square, brokenLater(3)))).toBeInstanceOf(InputError);
    expect(await rejection(pool.starmap(tasks.add, broken(0) as never))).toBeInstanceOf(InputError);
    await expectUnharmed();
  });

  test('an iterator that fails at once, or that is no iterator', async () => {
    const throwing = {
      [Symbol.iterator]() {
        throw new InputError('no iterator');
      },
    };
    expect(await rejection(pool.map(tasks.square, throwing))).toBeInstanceOf(InputError);
    const nonsense = { [Symbol.iterator]: () => 5 };
    expect(await rejection(pool.map(tasks.square, nonsense as never))).toBeInstanceOf(TypeError);
    await expectUnharmed();
  });

  test('an iterator whose next() gives no object is a TypeError, as in for...of, and no endless input', async () => {
    const source = { [Symbol.iterator]: () => ({ next: () => 5 }) };
    for await (const value of catching(pool.imap(tasks.echo, source as never))) {
      expect(value).toBeInstanceOf(TypeError);
      break;
    }
    await expectUnharmed();
  });
});

describe('a result that cannot be encoded', () => {
  test.each([
    ['unencodable', /deep\[1\]\.callback/],
    ['unencodableSymbol', /result|symbol/i],
  ] as const)('%s: the caller gets the path, the worker lives on', async (name, path) => {
    const pids = new Set(pool.stats().workers.map(({ pid }) => pid));
    const { restarts } = pool.stats();
    const error = await rejection(pool.apply(failures[name] as () => unknown));
    expectClear(error, {
      class: SerializationError,
      code: 'ERR_FORKYARD_SERIALIZATION',
      says: [path],
    });
    await expectUnharmed();
    expect(new Set(pool.stats().workers.map(({ pid }) => pid))).toEqual(pids);
    expect(pool.stats().restarts).toBe(restarts);
  });

  test.each(['throwingGetterResult', 'proxyResult'] as const)(
    '%s is an error, twenty times',
    async (name) => {
      const { restarts } = pool.stats();
      for (let n = 0; n < 20; n++) expect(await rejection(pool.apply(failures[name]))).toBeInstanceOf(Error);
      await expectUnharmed();
      expect(pool.stats().restarts).toBe(restarts);
    },
  );

  test('one bad result of a map does not take the neighbours', async () => {
    const others = pool.map(tasks.square, [1, 2, 3]);
    expect(await rejection(pool.map(failures.unencodable, [1, 2, 3]))).toBeInstanceOf(SerializationError);
    expect(await others).toEqual([1, 4, 9]);
    await expectUnharmed();
  });

  test('of a process', async () => {
    const child = new Process({ target: failures.unencodable, stdio: 'ignore' });
    child.start();
    const error = await rejection(child.result);
    expectClear(error, {
      class: SerializationError,
      code: 'ERR_FORKYARD_SERIALIZATION',
      says: [/deep\[1\]\.callback/],
    });
    await child.join();
    child.close();
  });
});

describe('an error that cannot be rebuilt', () => {
  test('an unknown class arrives as RemoteError with all that it was', async () => {
    const error = await rejection(pool.apply(failures.strange));
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ message: 'ODD', className: 'StrangeError', code: 'EODD', detail: 'odd' });
    expect(error.stack).toContain('errors.mjs');
    await expectUnharmed();
  });

  test.each(['withFunction', 'withThrowingGetter', 'proxy', 'cyclicCause', 'large'] as const)(
    '%s: an error arrives, twenty times, and the workers live on',
    async (name) => {
      const { restarts } = pool.stats();
      for (let n = 0; n < 20; n++) expect(await rejection(pool.apply(failures[name]))).toBeInstanceOf(Error);
      await expectUnharmed();
      expect(pool.stats().restarts).toBe(restarts);
    },
  );
});

test('process.exit inside a task: this task is lost and no other', async () => {
  const others = Promise.all(Array.from({ length: 100 }, (_, n) => pool.apply(tasks.later, [n, 1])));
  const error = await rejection(pool.apply(tasks.exit, [7]));
  expectClear(error, {
    class: WorkerLostError,
    code: 'ERR_FORKYARD_WORKER_LOST',
    says: ['exit code 7', 'exit'],
  });
  expect(error).toMatchObject({ exitCode: 7, signal: null });
  expect(error['task']).toMatch(/tasks\.mjs#exit$/);
  expect(await others).toEqual(Array.from({ length: 100 }, (_, n) => n));
  await expectUnharmed();
});

test('an exhausted quota: the call that asked too much fails, the pool goes on', async () => {
  const { stdout, stderr, exitCode, timedOut } = await runScript(fixture('pool/small-quota.mjs'));
  expect({ exitCode, timedOut, stderr }).toEqual({ exitCode: 0, timedOut: false, stderr: '' });
  const found = JSON.parse(stdout);
  for (const error of [found.argument, found.result]) {
    expect(error).toMatchObject({ class: ResourceError.name });
    expect(error.code).toMatch(/^ERR_FORKYARD_/);
    expect(error.message).toMatch(/setMemoryLimit|limit|quota/i);
  }
  expect(found.after).toEqual([1, 4, 9]);
  expect(found.small).toBe(100_000);
  expect(found.restarts).toBe(0);
});

describe('an unsupported platform', () => {
  test.each(['darwin', 'win32', 'bun', 'deno', 'electron', 'ia32'])(
    '%s: it can be imported, and the first use says why not',
    async (host) => {
      const { stdout, stderr, exitCode } = await runScript(fixture('pool/unsupported.mjs'), { args: [host] });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const found = JSON.parse(stdout);
      expect(found.imported).toBe(true);
      for (const error of [found.pool, found.process]) {
        expect(error).toMatchObject({
          class: ForkyardError.name,
          code: 'ERR_FORKYARD_UNSUPPORTED_PLATFORM',
        });
        expect(error.message).toMatch(/Linux/);
        expect(error.message.toLowerCase()).toContain(host);
      }
    },
  );

  test("Node's permission model", async () => {
    const { stdout, exitCode } = await runScript(fixture('pool/unsupported.mjs'), {
      args: ['none'],
      execArgv: ['--experimental-permission', '--allow-fs-read=*', '--no-warnings'],
    });
    expect(exitCode).toBe(0);
    const found = JSON.parse(stdout);
    expect(found.pool).toMatchObject({ code: 'ERR_FORKYARD_UNSUPPORTED_PLATFORM' });
    expect(found.pool.message).toMatch(/permission/);
  });
});

test('a process that cannot be started: started, join and result reject with the reason', async () => {
  const child = new Process({ target: tasks.nothing, cwd: '/does/not/exist' });
  child.start();
  const errors = [
    await rejection(child.started),
    await rejection(child.join()),
    await rejection(child.result),
  ];
  for (const error of errors) {
    expect(error).toBeInstanceOf(ForkyardError);
    expect(error.message).toMatch(/exist|ENOENT|cwd/);
  }
  expect(child.isAlive()).toBe(false);
  expect(child.exitStatus).toMatchObject({ code: null });
  expect(ProcessError.prototype).toBeInstanceOf(ForkyardError);
});

/** An error as one more value. */
async function* catching<T>(source: AsyncIterable<T>): AsyncGenerator<T | unknown> {
  try {
    yield* source;
  } catch (error) {
    yield error;
  }
}
