// Choosing a start method and what is preloaded: the module's own settings, contexts, the environment; and bad input.
import { afterEach, describe, expect, test } from 'vitest';
import {
  afterFork,
  ForkyardError,
  getAllStartMethods,
  getContext,
  getStartMethod,
  Lock,
  Pool,
  Process,
  type ProcessOptions,
  prewarm,
  SharedArray,
  setForkserverPreload,
  setStartMethod,
} from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { forked } from '../fixtures/forking/tasks.mjs';
import { runScript } from '../helpers/run-script.js';

const fixture = (name: string) => new URL(`../fixtures/forking/${name}`, import.meta.url);
const preload = [fixture('tasks.mjs')];

afterEach(() => {
  setStartMethod(null, { force: true });
  setForkserverPreload([]);
});

/** Whether the process is a copy of a fork server: of its module, the server's copy is used. */
async function wasForked(made: Process<never[], unknown>): Promise<boolean> {
  made.start();
  const { evaluatedIn, pid } = (await made.result) as { evaluatedIn: number; pid: number };
  await made.join();
  return evaluatedIn !== pid;
}

const identity = (of: typeof Process, options: Record<string, unknown> = {}) =>
  new of({ target: forked.identity, stdio: 'ignore', ...options } as ProcessOptions<never[], unknown>);

describe('the start method', () => {
  test('is forkserver unless something is said', () => {
    expect(getAllStartMethods()).toEqual(['forkserver', 'spawn']);
    expect(getStartMethod()).toBe(process.env['FORKYARD_START_METHOD'] || 'forkserver');
  });

  test('is set once, or by force', async () => {
    setStartMethod('spawn');
    expect(getStartMethod()).toBe('spawn');
    expectClear(
      thrown(() => setStartMethod('forkserver')),
      {
        class: ForkyardError,
        code: 'ERR_FORKYARD_START_METHOD_SET',
        says: ['setStartMethod()', "'spawn'", 'force'],
      },
    );
    expect(await wasForked(identity(Process, { preload }))).toBe(false);
    setStartMethod('forkserver', { force: true });
    expect(await wasForked(identity(Process, { preload }))).toBe(true);
  });

  test.each([
    ['fork', 'ERR_OUT_OF_RANGE', '"fork"'],
    [7, 'ERR_INVALID_ARG_TYPE', '7'],
    [null, 'ERR_INVALID_ARG_TYPE', 'null'],
  ])('%j is none', (value, code, says) => {
    const invalid = value as never;
    for (const call of [
      () => setStartMethod(invalid),
      () => getContext(invalid),
      () => new Process({ startMethod: invalid }),
      () => new Pool({ startMethod: invalid }),
    ]) {
      const error = thrown(call);
      expect(error).toMatchObject({ code });
      expect(error.message).toContain(says);
      expect(error.message).toContain('startMethod');
    }
  });

  test('what the environment says counts, and is judged', async () => {
    const run = (FORKYARD_START_METHOD: string) =>
      runScript(fixture('program.mjs'), { args: [''], env: { FORKYARD_START_METHOD } });
    expect(JSON.parse((await run('spawn')).stdout)).toEqual({ wasForked: false });
    expect(JSON.parse((await run('')).stdout)).toEqual({ wasForked: true });
    const { stderr, exitCode } = await run('forkservr');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/RangeError.*FORKYARD_START_METHOD.*'forkserver' or 'spawn'.*forkservr/s);
  });

  test('forkserver has no room for execArgv; execArgv alone means spawn', async () => {
    const execArgv = ['--max-old-space-size=100'];
    const error = thrown(() => new Process({ startMethod: 'forkserver', execArgv }));
    expectClear(error, {
      class: TypeError,
      code: 'ERR_INVALID_ARG_TYPE',
      says: ['execArgv', "'forkserver'", "use startMethod 'spawn'"],
    });
    const { Process: Bound } = getContext('forkserver');
    expect(thrown(() => new Bound({ execArgv }))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    const child = identity(Process, { execArgv });
    child.start();
    expect(await child.result).toMatchObject({ execArgv });
    await child.join();
  });
});

describe('a context', () => {
  test('keeps its start method and its modules, whatever the module is told', async () => {
    const spawning = getContext('spawn', { preload });
    const forking = getContext('forkserver', { preload });
    setStartMethod('spawn', { force: true });
    expect([forking.getStartMethod(), spawning.getStartMethod()]).toEqual(['forkserver', 'spawn']);
    expect(await wasForked(identity(forking.Process))).toBe(true);
    expect(await wasForked(identity(spawning.Process))).toBe(false);
    // Its own word counts more.
    expect(await wasForked(identity(spawning.Process, { startMethod: 'forkserver' }))).toBe(true);
  });

  test('its Pool takes what Pool takes', async () => {
    const { Pool: Bound } = getContext('forkserver', { preload });
    for (const options of [1, { processes: 1 }]) {
      await using pool = new Bound(options);
      expect(pool).toBeInstanceOf(Pool);
      const { evaluatedIn, pid } = await pool.apply(forked.identity);
      expect(evaluatedIn).not.toBe(pid);
      pool.close();
      await pool.join();
    }
  });

  test('its classes are called what they are', () => {
    const context = getContext();
    expect([context.Process.name, context.Pool.name]).toEqual(['Process', 'Pool']);
    expect(new context.Lock()).toBeInstanceOf(Lock);
    expect(new context.Array('i', 2)).toBeInstanceOf(SharedArray);
    const child = new context.Process();
    expect(child).toBeInstanceOf(Process);
    expect(child.name).toMatch(/^Process-/);
    expect(context.getStartMethod()).toBe(getStartMethod());
    expect(context.getAllStartMethods()).toEqual(getAllStartMethods());
    expect(context.getContext('spawn').getStartMethod()).toBe('spawn');
  });

  test('its start method cannot be set, its modules can', async () => {
    const context = getContext('forkserver');
    expectClear(
      thrown(() => context.setStartMethod('spawn')),
      {
        class: ForkyardError,
        code: 'ERR_FORKYARD_START_METHOD_SET',
        says: ["'forkserver'", 'getContext()'],
      },
    );
    context.setForkserverPreload(preload);
    expect(await wasForked(identity(context.Process))).toBe(true);
  });
});

describe('modules to preload', () => {
  test('are those of the module where a process names none', async () => {
    setForkserverPreload(preload);
    expect(await wasForked(identity(Process))).toBe(
      (process.env['FORKYARD_START_METHOD'] || 'forkserver') === 'forkserver',
    );
  });

  test.each([['tasks.mjs'], [[7]], [['']], [null]])('%j are none', (value) => {
    const invalid = value as never;
    for (const call of [
      () => setForkserverPreload(invalid),
      () => getContext('forkserver', { preload: invalid }),
      () => new Process({ preload: invalid }),
      () => new Pool({ preload: invalid }),
    ])
      expect(thrown(call)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', name: 'TypeError' });
  });

  test.each(['forkserver', 'spawn'] as const)('that throw: %s says which and why', async (startMethod) => {
    const broken = { startMethod, preload: [fixture('throws.mjs')] };
    const child = identity(Process, broken);
    child.start();
    const pool = new Pool({ processes: 1, ...broken });
    const inPool = await rejection(pool.apply(forked.nothing));
    await pool.join();
    for (const error of [await rejection(child.result), inPool.cause as Error]) {
      expect(error).toMatchObject({ name: 'ProcessError', code: 'ERR_FORKYARD_PRELOAD_FAILED' });
      expect(error.message).toContain('throws.mjs');
      expect(error.message).toContain('RangeError: not in this world');
    }
    expect(inPool).toMatchObject({ name: 'BrokenPoolError' });
    // A spawned process was there, and has ended.
    const joined = await child.join().catch(({ code }) => code);
    expect(joined).toBe(startMethod === 'spawn' ? true : 'ERR_FORKYARD_PRELOAD_FAILED');
  });

  test('prewarm() says what is wrong with its options', async () => {
    expect(await rejection(prewarm(null as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(await rejection(prewarm({ startMethod: 'fork' as never }))).toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
    await prewarm({ startMethod: 'spawn', preload: [fixture('throws.mjs')] });
  });

  test('afterFork() wants a function; one that throws fails the start', async () => {
    expect(thrown(() => afterFork('now' as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    const child = identity(Process, {
      startMethod: 'forkserver',
      preload: [fixture('failing-after-fork.mjs')],
    });
    child.start();
    const error = await rejection(child.result);
    expect(error.message).toContain('this copy is of no use');
    expect(await child.join()).toBe(true);
    expect(child.exitCode).toBe(1);
  });
});
