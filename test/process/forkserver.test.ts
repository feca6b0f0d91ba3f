// Children of the fork server: who they are, how they end, what they do not share, and what is done when it cannot be.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import * as module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { getContext, Pool, Process, type ProcessOptions, prewarm } from '../../lib/index.js';
import { getAffinity, getScheduler, setAffinity } from '../../lib/system.js';
import { rejection } from '../conformance/caught.js';
import { long } from '../fixtures/forking/long-function.mjs';
import { forked } from '../fixtures/forking/tasks.mjs';
import { runScript } from '../helpers/run-script.js';
import { isForkServer, processesOf, processInfo } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

const folder = mkdtempSync(join(tmpdir(), 'forkyard-forks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string) => new URL(`../fixtures/forking/${name}`, import.meta.url);
const started: Process<never[], unknown>[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) await child[Symbol.asyncDispose]();
});

function start(options: Record<string, unknown>) {
  const child = new Process({
    stdio: 'ignore',
    startMethod: 'forkserver',
    ...options,
  } as ProcessOptions<never[], unknown>);
  started.push(child);
  child.start();
  return child;
}

async function run<T>(target: unknown, options: Record<string, unknown> = {}): Promise<T> {
  return (await start({ target, ...options }).result) as T;
}

const serversOf = (pid: number) => processesOf(pid).filter(isForkServer);
const preload = [fixture('tasks.mjs')];

describe('a child is what a new Node process would be', () => {
  test('its numbers, directory, arguments and clock', async () => {
    const before = Date.now();
    const found = await run<Record<string, unknown>>(forked.identity, { cwd: folder, preload });
    const spawned = await run<Record<string, unknown>>(forked.identity, {
      startMethod: 'spawn',
      cwd: folder,
    });
    expect(found).toMatchObject({
      pid: found['realPid'],
      ppid: process.pid,
      cwd: realpathSync(folder),
      umask: process.umask(),
    });
    for (const name of ['argv', 'execArgv', 'title', 'cwd', 'umask'])
      expect(found[name], name).toEqual(spawned[name]);
    // Loaded once, in the server.
    expect(found['evaluatedIn']).not.toBe(found['pid']);
    expect(found['origin']).toBeGreaterThan(before - 5);
    expect(found['driftMs']).toBeLessThan(50);
    expect(found['uptime']).toBeLessThan((Date.now() - before) / 1000 + 0.1);
    expect(found['mark']).toBeGreaterThan(0);
    expect(Math.abs((found['mark'] as number) - (found['now'] as number))).toBeLessThan(1000);
  });

  test('its umask, niceness and processors are those of its parent at that moment', async () => {
    await prewarm();
    const umask = process.umask(0o27);
    const processors = getAffinity(0);
    const [first] = processors as [number];
    try {
      setAffinity(0, [first]);
      expect(await run(forked.identity)).toMatchObject({ umask: 0o27, affinity: String(first) });
    } finally {
      process.umask(umask);
      setAffinity(0, processors);
    }
    // Niceness cannot be taken back without privileges: in a program of its own.
    const { stdout } = await runScript(fixture('nicer.mjs'));
    expect(JSON.parse(stdout)).toEqual([0, 5, 5, 7]);
  });

  test('the server waits for processors that nobody wants; its children do not, nor does the spare', async () => {
    await prewarm();
    const policiesOf = (processes: { pid: number }[]) =>
      new Set(processes.map(({ pid }) => getScheduler(pid).policy));
    expect(policiesOf(serversOf(process.pid))).toEqual(new Set(['batch']));
    await until(() => {
      const spares = processesOf(process.pid).filter(({ name }) => name === 'forkyard-spare');
      return spares.length > 0 && [...policiesOf(spares)].join() === 'other';
    });
    for (let i = 0; i < 3; i++) expect(await run(forked.identity)).toMatchObject({ policy: 'other' });
  });

  test('its descriptors are as many as those of a spawned one', async () => {
    const [own, spawned] = (await Promise.all(
      ['forkserver', 'spawn'].map((startMethod) => run(forked.descriptors, { startMethod })),
    )) as [string[], string[]];
    const kinds = (names: string[]) => names.map((name) => name.replace(/\d+/g, '')).sort();
    expect(kinds(own)).toEqual(kinds(spawned));
  });

  test('its streams', async () => {
    const child = start({ target: forked.streams, stdio: 'pipe', preload });
    const [out, err] = [text(child.stdout as never), text(child.stderr as never)];
    await child.result;
    expect(await out).toBe('out by stream\nout by descriptor\n');
    expect(await err).toBe('err by console\n');
  });

  test('WebAssembly is compiled though there is no thread for it', async () => {
    expect(await run(forked.wasm)).toEqual(['[object WebAssembly.Module]', '[object WebAssembly.Instance]']);
  });

  test('it may have processes and pools of its own', async () => {
    expect(await run(forked.nested)).toEqual({ squares: [1, 4, 9], isMine: true });
  });

  test('afterFork callbacks have run, in order, each awaited', async () => {
    const child = start({ target: forked.forks, preload });
    expect(await child.result).toEqual([`sync ${child.pid}`, `async ${process.pid}`]);
  });
});

describe('an end has the code and the last words that Node would give it', () => {
  test.each([
    ['return', 0, 'exit 0\n'],
    ['exit', 3, 'exit 3\n'],
    ['exitCode', 4, 'exit 4\n'],
    ['exit listener', 5, 'exit 0\n'],
    ['exit listener throws', 1, /^exit 0\n.*Error: at the end/s],
    ['handled', 6, 'exit 6\n'],
    ['throw later', 1, /Error: later.*exit 1\n|exit 1\n.*Error: later/s],
    ['rejection', 1, /Error: nobody.*exit 1\n|exit 1\n.*Error: nobody/s],
    ['abort', -6, /stack trace/],
    ['signal', -15, ''],
  ])('%s', async (how, exitCode, stderr) => {
    for (const startMethod of ['forkserver', 'spawn']) {
      const child = start({
        target: forked.end,
        args: [how],
        startMethod,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const said = text(child.stderr as never);
      await child.join();
      expect(child.exitCode, startMethod).toBe(exitCode);
      if (typeof stderr === 'string') expect(await said, startMethod).toBe(stderr);
      else expect(await said, startMethod).toMatch(stderr);
    }
  });
});

describe('random numbers', () => {
  test('differ in all children, in each context, and from those of the server', async () => {
    const found = await Promise.all(
      Array.from({ length: 20 }, () => run<Record<string, (string | number)[]>>(forked.random, { preload })),
    );
    const { usedBefore } = found[0] as Record<string, unknown>;
    for (const child of found) expect(child['usedBefore']).toEqual(usedBefore);
    const drawn = found.flatMap(({ usedBefore: _, ...own }) => Object.values(own).flat());
    expect(new Set([...drawn, ...(usedBefore as unknown[])]).size).toBe(drawn.length + 3);
  });

  test('a child need not use up what the server has drawn: nothing is left of it', async () => {
    expect(await run(long.firstRandomInt, { preload: [...preload, fixture('long-function.mjs')] })).toBe(0);
  });
});

describe('preload', () => {
  test('one server for each set of modules', async () => {
    const before = serversOf(process.pid).length;
    const own = getContext('forkserver', { preload: [fixture('preloads.mjs')] });
    await Promise.all([own.prewarm(), own.prewarm()]);
    await own.prewarm();
    expect(serversOf(process.pid)).toHaveLength(before + 1);
  });

  test('a function of a preloaded module is compiled before it is called', async () => {
    const [first, second] = await run<number[]>(long.compile);
    expect(first).toBeGreaterThan(0);
    expect(second).toBe(0);
    expect(await run(long.compile, { preload: [fixture('long-function.mjs')] })).toEqual([0, 0]);
  });

  test('what its modules keep later, children have as well', async () => {
    // Not imported here: it looks at each stack.
    const module = fixture('stack-hook.mjs');
    let kept: number[] = [];
    await until(async () => {
      kept = await run<number[]>({ module: module.href, name: 'countKept' }, { preload: [module] });
      return (kept[0] as number) > 0;
    });
    // Who prepares stacks is not asked for one that nobody wants.
    expect(kept).toEqual([100_000, 0]);
  });

  test('a pool with a wrong option starts no server', async () => {
    const before = serversOf(process.pid).length;
    const own = { preload: [new URL('preloads.mjs?wrong', fixture('tasks.mjs'))] };
    for (const wrong of [{ processes: 0 }, { spin: -1 }, { cpus: [] }, { retries: 0.5 }]) {
      expect(() => new Pool({ ...own, ...wrong })).toThrow('new Pool');
    }
    expect(serversOf(process.pid)).toHaveLength(before);
    await using pool = new Pool({ ...own, processes: 1 });
    expect(serversOf(process.pid)).toHaveLength(before + 1);
    await pool.apply(forked.nothing);
  });

  test('a module that throws: the error names it, and the next start tries again', async () => {
    const path = join(folder, 'mended.mjs');
    writeFileSync(path, "throw new RangeError('not yet');");
    for (const failed of [
      () => run(forked.nothing, { preload: [path] }),
      () => prewarm({ preload: [path] }),
    ]) {
      const error = await rejection(failed());
      expect(error).toMatchObject({ name: 'ProcessError', code: 'ERR_FORKYARD_PRELOAD_FAILED' });
      expect((error as Error).message).toContain(path);
      expect((error as Error).message).toContain('RangeError: not yet');
    }
    writeFileSync(path, 'globalThis.mended = true;');
    await run(forked.nothing, { preload: [path] });
  });

  test('with spawn the modules are imported as well', async () => {
    const { stdout } = await runScript(fixture('program.mjs'), {
      args: ['./preloads.mjs'],
      env: { FORKYARD_START_METHOD: 'spawn' },
    });
    expect(JSON.parse(stdout)).toEqual({ wasForked: false, preloaded: 1 });
  });

  test.each([
    ['', [], { wasForked: true }],
    ['./preloads.mjs', [], { wasForked: true, preloaded: 1 }],
    // As in a spawned process, it goes on in each child.
    ['./timer.mjs', [], { wasForked: true, ticks: expect.any(Number) }],
    ['', ['--import', fixture('preloads.mjs').href], { wasForked: true, preloaded: 1 }],
    ['', ['--enable-source-maps', '--max-old-space-size=500'], { wasForked: true }],
  ])('%s %j: forked', async (module, execArgv, expected) => {
    const { stdout, stderr } = await runScript(fixture('program.mjs'), { args: [module], execArgv });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(expected);
    if ('ticks' in expected) expect(JSON.parse(stdout).ticks).toBeGreaterThan(0);
  });

  test.each([
    ['./socket.mjs', [], /has opened a socket or watcher/],
    ['./thread.mjs', [], /has started a thread/],
    ['./shares.mjs', [], /uses shared memory/],
    ['', ['--import', fixture('hooks.mjs').href], /has started a thread/],
    ['', ['--experimental-loader', 'data:text/javascript,'], /was started with --experimental-loader/],
  ])('%s %j: spawned instead, with the reason', async (module, execArgv, reason) => {
    const { stdout, stderr } = await runScript(fixture('program.mjs'), { args: [module], execArgv });
    expect(JSON.parse(stdout)).toMatchObject({ wasForked: false });
    expect(stderr).toMatch(/FORKYARD_NO_FORKSERVER/);
    expect(stderr).toMatch(reason);
  });
});

test.each([[], ['./typed-tasks.ts']])(
  'a TypeScript module runs wherever its program runs, preload %j',
  async (...args) => {
    const execArgv = ['--import', fixture('typescript-loader.mjs').href];
    const { stdout, stderr, exitCode } = await runScript(fixture('typed-program.mjs'), { args, execArgv });
    expect(exitCode, stderr).toBe(0);
    // Hooks on a thread of their own cannot be copied.
    const wasForked = 'registerHooks' in module;
    expect(JSON.parse(stdout)).toEqual({ wasForked, metres: [1000, 2000, 3000] });
    expect(stderr.includes('FORKYARD_NO_FORKSERVER')).toBe(!wasForked);
  },
);

describe('the server', () => {
  test('that is killed takes no child with it, and the next start has another one', async () => {
    await prewarm();
    const child = start({ target: forked.nap, args: [400] });
    await child.started;
    process.kill(processInfo(child.pid as number)?.parentPid as number, 'SIGKILL');
    await run(forked.nothing);
    expect(await child.join()).toBe(true);
    expect(['exited', 'status-lost']).toContain(child.exitStatus?.reason);
    expect(child.exitStatus?.code ?? 0).toBe(0);
  });

  test('that is stopped: its children are seen to end, and starts are overtaken by another one', async () => {
    const own = getContext('forkserver', { preload: [fixture('preloads.mjs')] });
    await own.prewarm();
    const child = start({ target: forked.end, args: ['exit'], preload: [fixture('preloads.mjs')] });
    await child.started;
    const servers = serversOf(process.pid);
    for (const { pid } of servers) process.kill(pid, 'SIGSTOP');
    await child.join();
    expect(child.exitCode).toBe(3);
    const path = join(folder, 'once');
    await Promise.all(Array.from({ length: 5 }, () => run(forked.record, { args: [path] })));
    expect(new Set(readFileSync(path, 'utf8').trim().split('\n')).size).toBe(5);
    // Those that nobody needed are stopped still.
    for (const { pid } of servers) if (processInfo(pid)?.state === 'T') process.kill(pid, 'SIGKILL');
    await until(() => servers.every(({ pid }) => processInfo(pid) === undefined));
  });

  test('survives the signals of the terminal, and children have their own dispositions', async () => {
    await prewarm();
    const servers = serversOf(process.pid);
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM'])
      for (const { pid } of servers) process.kill(pid, signal);
    for (const [signal, exitCode] of [
      ['SIGINT', -2],
      ['SIGHUP', -1],
      ['SIGQUIT', -3],
      ['SIGTERM', -15],
    ] as const) {
      const child = start({ target: forked.nap, args: [10_000] });
      await child.started;
      process.kill(child.pid as number, signal);
      await child.join();
      expect(child.exitCode).toBe(exitCode);
    }
    expect(serversOf(process.pid).map(({ pid }) => pid)).toEqual(
      expect.arrayContaining(servers.map(({ pid }) => pid)),
    );
  });
});

test('400 starts at once with room for 64 descriptors: they take turns, and each runs once', async () => {
  const path = join(folder, 'crowd');
  const command = `ulimit -n 64; exec ${process.execPath} ${fixture('many-starts.mjs').pathname} 400 ${path}`;
  const { stdout } = await promisify(execFile)('bash', ['-c', command]);
  expect(JSON.parse(stdout)).toEqual({ ran: 400 });
  expect(new Set(readFileSync(path, 'utf8').trim().split('\n')).size).toBe(400);
});
