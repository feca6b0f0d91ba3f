// A process from before its start to after its end: states, exit codes, results and errors, signals, waiting.
// Options are in options.test.ts, names and children of children in lineage.test.ts, subclasses in subclass.test.ts.
import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  activeChildren,
  ForkyardError,
  Process,
  ProcessError,
  type ProcessOptions,
  RemoteError,
} from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { work } from '../fixtures/process/tasks.mjs';
import { ancestorsOf, openFiles, processInfo } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

const started: Process<never[], unknown>[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) await child[Symbol.asyncDispose]();
});

/** Starts a quiet process that is ended and closed after the test. */
function start(options: ProcessOptions<never[], unknown> | Record<string, unknown>) {
  const child = new Process({ stdio: 'ignore', ...options } as ProcessOptions<never[], unknown>);
  started.push(child);
  child.start();
  return child;
}

test('before the start, while it runs, after its end', async () => {
  const mine = mark();
  const child = new Process({ target: work.hang, args: [mine.path], stdio: 'ignore' });
  started.push(child as never);
  const now = () => [
    child.isAlive(),
    activeChildren().includes(child as never),
    child.exitCode,
    child.exitStatus,
  ];
  expect(now()).toEqual([false, false, null, null]);
  expect(child.pid).toBeNull();
  child.start();
  expect(now()).toEqual([true, true, null, null]);
  await child.started;
  expect(now()).toEqual([true, true, null, null]);
  expect(child.pid).toBeGreaterThan(0);
  expect(ancestorsOf(child.pid as number)).toContain(process.pid);
  expect(await mine.reached()).toEqual([String(child.pid)]);
  child.terminate();
  expect(await child.join()).toBe(true);
  expect(now()).toEqual([false, false, -15, { code: null, signal: 'SIGTERM', reason: 'signaled' }]);
  expect(child.pid).toBeGreaterThan(0);
  // Its server may not have come to reaping it.
  await until(() => processInfo(child.pid as number) === undefined);
});

describe('what the target returns', () => {
  test('is the result, and the exit code is 0', async () => {
    const child = start({ target: work.add, args: [20, 22] });
    expect(await child.result).toBe(42);
    await child.join();
    expect(child.exitCode).toBe(0);
    expect(child.exitStatus).toEqual({ code: 0, signal: null, reason: 'exited' });
    // Read again, and late.
    expect(await child.result).toBe(42);
  });

  test('values come through as structuredClone would have them', async () => {
    const value = {
      minusZero: -0,
      nan: Number.NaN,
      big: 2n ** 70n,
      date: new Date(5),
      map: new Map([['k', new Set([1, undefined])]]),
      bytes: new Uint16Array([1, 2, 65535]),
      text: 'Grüße \ud800 \u{1f600}',
      sparse: Object.assign([1], { 2: 3 }),
      nothing: undefined,
    };
    const child = start({ target: work.echo, args: [value] });
    expect(await child.result).toEqual(structuredClone(value));
  });

  test('an asynchronous target, and one that returns nothing', async () => {
    expect(await start({ target: work.later, args: ['late', 5] }).result).toBe('late');
    expect(await start({ target: work.nothing }).result).toBeUndefined();
    expect(await start({}).result).toBeUndefined();
  });

  test('20 MiB there and back', async () => {
    const bytes = new Float64Array(2.5 * 2 ** 20).map((_, index) => index * 1.5);
    const back = (await start({ target: work.echo, args: [bytes] }).result) as Float64Array;
    expect(back.constructor.name).toBe('Float64Array');
    expect(
      Buffer.compare(Buffer.from(back.buffer, back.byteOffset, back.byteLength), Buffer.from(bytes.buffer)),
    ).toBe(0);
  });

  test('the result comes before the loop of the child is empty, and what is left to do is done', async () => {
    const mine = mark();
    const child = start({ target: work.leaveTimer, args: [mine.path] });
    expect(await child.result).toBe('returned');
    await child.join();
    expect(child.exitCode).toBe(0);
    expect(mine.lines()).toEqual(['the timer ran']);
  });
});

describe('what the target throws', () => {
  test('rejects the result with class, code, own properties, cause and remote stack; the exit code is 1', async () => {
    const child = start({ target: work.fail });
    const error = await rejection(child.result);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'out of reach', code: 'EREACH', limit: { max: 3 } });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect((error.cause as Error).message).toBe('the cause');
    expect(error.stack).toContain('fixtures/process/tasks.mjs');
    await child.join();
    expect(child.exitCode).toBe(1);
  });

  test('an unknown class, and values that are no errors', async () => {
    const error = await rejection(start({ target: work.failLater }).result);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ message: 'not today', className: 'Refusal' });
    for (const value of ['text', 5, null, undefined, { a: [1] }]) {
      const child = start({ target: work.throwValue, args: [value] });
      expect(await rejection(child.result)).toEqual(value);
      await child.join();
      expect(child.exitCode).toBe(1);
    }
  });

  test('the error is printed on the standard error of the child', async () => {
    const child = start({ target: work.fail, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await rejection(child.result);
    await child.join();
    await until(() => text.includes('out of reach') && text.includes('tasks.mjs'), { what: () => text });
  });
});

describe('an end before the target returned', () => {
  test.each([
    [0, 0],
    [3, 3],
    [255, 255],
    [256, 0],
    [-1, 255],
  ])('process.exit(%d) gives the exit code %d', async (code, expected) => {
    const child = start({ target: work.exit, args: [code] });
    const error = await rejection(child.result);
    expectClear(error, {
      class: ProcessError,
      code: 'ERR_FORKYARD_PROCESS',
      says: [child.name, String(expected)],
    });
    expect(error).toMatchObject({ pid: child.pid, exitCode: expected, signal: null });
    await child.join();
    expect(child.exitCode).toBe(expected);
  });

  test.each(['uncaught', 'unhandled'] as const)('an %s error gives the exit code 1', async (name) => {
    const child = start({ target: work[name] });
    expect(await rejection(child.result)).toBeInstanceOf(Error);
    await child.join();
    expect(child.exitCode).toBe(1);
  });

  test('a promise that can never settle ends with the loop: an error, and no success', async () => {
    const child = start({ target: work.neverSettles });
    expect(await rejection(child.result)).toBeInstanceOf(ProcessError);
    await child.join();
    expect(child.exitCode).not.toBe(0);
  });

  test.each([
    ['SIGKILL', -9],
    ['SIGSEGV', -11],
    ['SIGTERM', -15],
    ['SIGUSR2', -12],
  ] as const)('%s', async (signal, code) => {
    const child = start({ target: work.killSelf, args: [signal] });
    const error = await rejection(child.result);
    expect(error).toMatchObject({ exitCode: code, signal, pid: child.pid });
    expect(error.message).toContain(signal);
    await child.join();
    expect(child.exitCode).toBe(code);
    expect(child.exitStatus).toEqual({ code: null, signal, reason: 'signaled' });
  });
});

describe('signals', () => {
  test.each([
    ['terminate', -15, 'SIGTERM'],
    ['kill', -9, 'SIGKILL'],
    ['interrupt', -2, 'SIGINT'],
  ] as const)('%s() while it is busy', async (method, code, signal) => {
    const mine = mark();
    const child = start({ target: work.spin, args: [mine.path] });
    await mine.reached();
    child[method]();
    await child.join();
    expect(child.exitCode).toBe(code);
    expect(child.exitStatus).toMatchObject({ signal });
    expect(await rejection(child.result)).toBeInstanceOf(ProcessError);
  });

  test.each(['terminate', 'kill', 'interrupt'] as const)(
    '%s() in the same tick as start()',
    async (method) => {
      const code = { terminate: -15, kill: -9, interrupt: -2 }[method];
      const child = start({ target: work.hang });
      child[method]();
      expect(await child.join()).toBe(true);
      expect(child.exitCode).toBe(code);
      await rejection(child.result);
    },
  );

  test('a handler of the child decides', async () => {
    const mine = mark();
    const child = start({ target: work.onTerminate, args: [mine.path, 43] });
    await mine.reached();
    child.terminate();
    await child.join();
    expect(child.exitCode).toBe(43);
  });

  test('a child that ignores terminate and interrupt is alive until it is killed', async () => {
    const mine = mark();
    const child = start({ target: work.ignoreTerminate, args: [mine.path] });
    await mine.reached();
    child.terminate();
    child.interrupt();
    expect(await child.join({ timeout: 150 })).toBe(false);
    expect(child.isAlive()).toBe(true);
    child.kill();
    await child.join();
    expect(child.exitCode).toBe(-9);
  });

  test('after its end they do nothing, whoever has the pid now', async () => {
    const child = start({ target: work.nothing });
    await child.join();
    child.terminate();
    child.kill();
    child.interrupt();
    expect(child.exitCode).toBe(0);
  });

  test('a stopped process is alive; it can be killed', async () => {
    const mine = mark();
    const child = start({ target: work.spin, args: [mine.path] });
    await Promise.all([child.started, mine.reached()]);
    process.kill(child.pid as number, 'SIGSTOP');
    await until(() => processInfo(child.pid as number)?.state === 'T');
    expect(child.isAlive()).toBe(true);
    child.kill();
    await child.join();
    expect(child.exitCode).toBe(-9);
  });
});

describe('join', () => {
  test('with a timeout: false while it runs, at once for zero and below', async () => {
    const child = start({ target: work.hang });
    await child.started;
    expect(await child.join({ timeout: 0 })).toBe(false);
    expect(await child.join({ timeout: -5 })).toBe(false);
    const before = performance.now();
    expect(await child.join({ timeout: 60 })).toBe(false);
    // Timers count whole milliseconds.
    expect(performance.now() - before).toBeGreaterThan(58);
    child.kill();
    expect(await child.join({ timeout: Number.POSITIVE_INFINITY })).toBe(true);
    expect(await child.join({ timeout: 0 })).toBe(true);
  });

  test('many at once and again', async () => {
    const child = start({ target: work.nothing });
    expect(await Promise.all([child.join(), child.join(), child.join({ timeout: 40_000 })])).toEqual([
      true,
      true,
      true,
    ]);
    expect(await child.join()).toBe(true);
  });

  test('a timeout beyond what a timer can hold waits', async () => {
    const child = start({ target: work.later, args: [1, 30] });
    expect(await child.join({ timeout: 2 ** 40 })).toBe(true);
  });

  test('resolves for a failed target too; only result says how', async () => {
    const child = start({ target: work.fail });
    expect(await child.join()).toBe(true);
    expect(child.exitCode).toBe(1);
  });
});

describe('close', () => {
  test('is refused while it runs, may be repeated, and then members throw', async () => {
    const child = start({ target: work.add, args: [1, 2] });
    expect(thrown(() => child.close())).toBeInstanceOf(ForkyardError);
    expect(await child.result).toBe(3);
    await child.join();
    child.close();
    child.close();
    const members = [
      () => child.pid,
      () => child.exitCode,
      () => child.exitStatus,
      () => child.sentinel,
      () => child.isAlive(),
      () => child.start(),
      () => child.terminate(),
      () => child.kill(),
      () => child.interrupt(),
    ];
    for (const member of members)
      expect(thrown(member)).toMatchObject({ code: 'ERR_FORKYARD_PROCESS_CLOSED' });
    expect(await rejection(child.join())).toMatchObject({ code: 'ERR_FORKYARD_PROCESS_CLOSED' });
    expect(child.name).toMatch(/^Process-/);
    expect(String(child)).toMatch(/closed/);
  });

  test('before the start', () => {
    const child = new Process({ target: work.nothing });
    child.close();
    expect(thrown(() => child.start())).toMatchObject({ code: 'ERR_FORKYARD_PROCESS_CLOSED' });
  });

  test('gives the descriptor back; a process that is dropped without it does so when it is collected', async () => {
    const pidfds = () => openFiles().filter(({ target }) => target.includes('pidfd')).length;
    const before = pidfds();
    for (let round = 0; round < 2; round++) {
      const children = Array.from({ length: 6 }, () => new Process({ target: work.nothing }));
      for (const child of children) child.start();
      await Promise.all(children.map((child) => child.join()));
      if (round === 0) for (const child of children) child.close();
    }
    const gc = await collector();
    await until(
      () => {
        gc();
        return pidfds() <= before;
      },
      { what: () => `${pidfds()} pidfds to become ${before}`, timeoutMs: 5000 },
    );
  });
});

test('the sentinel is readable when the process has ended, and not before', async () => {
  const child = start({ target: work.hang });
  await child.started;
  const { sentinel } = child;
  expect(readlinkSync(`/proc/self/fd/${sentinel}`)).toMatch(/pidfd/);
  expect(readFileSync(`/proc/self/fdinfo/${sentinel}`, 'utf8')).toMatch(
    new RegExp(`^Pid:\\s+${child.pid}$`, 'm'),
  );
  const ready = (ms: number) => {
    const code = `import select; p = select.poll(); p.register(3, select.POLLIN); print(len(p.poll(${ms})))`;
    return spawnSync('python3', ['-c', code], { stdio: ['ignore', 'pipe', 'inherit', sentinel] })
      .stdout.toString()
      .trim();
  };
  expect(ready(0)).toBe('0');
  child.kill();
  expect(ready(30_000)).toBe('1');
  await child.join();
  expect(ready(0)).toBe('1');
});

test('what it is called in messages: its class, name, pid and state', async () => {
  const child = start({ target: work.exit, args: [3], name: 'worker bee' });
  expect(String(child)).toMatch(/Process.*worker bee/);
  await child.join();
  expect(String(child)).toMatch(new RegExp(`worker bee.*${child.pid}.*3`));
});

describe('disposal', () => {
  test('terminates and joins', async () => {
    let pid: number | null = null;
    {
      await using child = new Process({ target: work.hang, stdio: 'ignore' });
      child.start();
      await child.started;
      pid = child.pid;
    }
    await until(() => processInfo(pid as number) === undefined);
  });

  test('of one that never started, one that has ended, one that failed to start, and twice', async () => {
    const never = new Process({ target: work.nothing });
    await never[Symbol.asyncDispose]();
    const over = start({ target: work.nothing });
    await over.join();
    await over[Symbol.asyncDispose]();
    await over[Symbol.asyncDispose]();
    const failed = start({ target: work.nothing, cwd: '/does/not/exist' });
    await failed[Symbol.asyncDispose]();
  });

  test('right after start()', async () => {
    const child = start({ target: work.hang });
    await child[Symbol.asyncDispose]();
    expect(activeChildren()).not.toContain(child);
  });
});

test('its members do not block the loop: start() returns before the child runs', async () => {
  const child = start({ target: work.add, args: [1, 1] });
  expect(child.exitCode).toBeNull();
  let turns = 0;
  let isRunning = true;
  const count = () => {
    turns++;
    if (isRunning) setImmediate(count);
  };
  setImmediate(count);
  await child.result;
  isRunning = false;
  expect(turns).toBeGreaterThan(0);
  await sleep(0);
});

async function collector(): Promise<() => void> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
