// What a user may say about a process: its environment, streams, flags, processors, priority, and what ends it.
import { getEventListeners } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { activeChildren, cpuCount, Process, type ProcessOptions } from '../../lib/index.js';
import { getAffinity, getScheduler } from '../../lib/system.js';
import { rejection, thrown } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { work } from '../fixtures/process/tasks.mjs';
import { workersOf } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

const folder = mkdtempSync(join(tmpdir(), 'forkyard-process-'));
afterAll(() => rmSync(folder, { recursive: true }));

const started: Process<never[], unknown>[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) await child[Symbol.asyncDispose]();
});

function start(options: Record<string, unknown>) {
  const child = new Process({ stdio: 'ignore', ...options } as ProcessOptions<never[], unknown>);
  started.push(child);
  child.start();
  return child;
}

describe('env', () => {
  test('with a zero byte is refused: the system would cut it off there', () => {
    for (const env of [{ NAME: 'a\0b' }, { 'NA\0ME': 'a' }])
      expect(() => new Process({ env })).toThrowError(/Process.*'env'.*zero byte/);
  });

  test('is the whole environment of the child, and nothing of ours is seen in it', async () => {
    const env = { PATH: '/usr/bin', ONLY: 'this', EMPTY: '', GONE: undefined };
    expect(await start({ target: work.environment, env }).result).toEqual({
      PATH: '/usr/bin',
      ONLY: 'this',
      EMPTY: '',
    });
  });

  test('by default that of the parent, as it is when the process is made', async () => {
    process.env['FORKYARD_TEST_VARIABLE'] = 'set';
    try {
      const found = (await start({ target: work.environment }).result) as Record<string, string>;
      expect(found['FORKYARD_TEST_VARIABLE']).toBe('set');
      expect(found).toEqual({ ...process.env });
    } finally {
      delete process.env['FORKYARD_TEST_VARIABLE'];
    }
  });
});

test('cwd', async () => {
  expect(await start({ target: work.cwd, cwd: folder }).result).toBe(realpathSync(folder));
  expect(await start({ target: work.cwd }).result).toBe(process.cwd());
});

test('execArgv: flags of Node for the child alone', async () => {
  const found = (await start({ target: work.flags, execArgv: ['--expose-gc'] }).result) as {
    execArgv: string[];
  };
  expect(found.execArgv).toEqual(['--expose-gc']);
  expect(await start({ target: work.gcIsThere, execArgv: ['--expose-gc'] }).result).toBe('function');
  expect(await start({ target: work.gcIsThere, execArgv: [] }).result).toBe('undefined');
});

test("the child's argv is that of the program", async () => {
  const { argv } = (await start({ target: work.flags }).result) as { argv: string[] };
  expect(argv).toEqual(process.argv.slice(1));
});

describe('stdio', () => {
  test('pipes: what is printed arrives whole, and what is written can be read', async () => {
    const child = start({ target: work.print, args: ['out', 'err'], stdio: 'pipe' });
    const [out, err] = await Promise.all([text(child.stdout as never), text(child.stderr as never)]);
    expect({ out, err }).toEqual({ out: 'out', err: 'err' });

    const reader = start({ target: work.readAll, stdio: ['pipe', 'ignore', 'ignore'] });
    expect([reader.stdout, reader.stderr]).toEqual([null, null]);
    reader.stdin?.end('some input');
    expect(await reader.result).toBe('some input');
  });

  test('a megabyte printed just before the end is not cut', async () => {
    const child = start({ target: work.printMuch, args: [2 ** 20], stdio: ['ignore', 'pipe', 'ignore'] });
    const out = await text(child.stdout as never);
    await child.join();
    expect(out).toHaveLength(2 ** 20);
    expect(child.exitCode).toBe(0);
  });

  test('a descriptor of a file', async () => {
    const path = join(folder, 'out.txt');
    const fd = openSync(path, 'w');
    const child = start({ target: work.print, args: ['to the file', ''], stdio: ['ignore', fd, 'ignore'] });
    await child.join();
    closeSync(fd);
    expect(readFileSync(path, 'utf8')).toBe('to the file');
  });

  test('ignored: printing does no harm, and there are no streams', async () => {
    const child = start({ target: work.print, args: ['a', 'b'], stdio: 'ignore' });
    expect([child.stdin, child.stdout, child.stderr]).toEqual([null, null, null]);
    await child.join();
    expect(child.exitCode).toBe(0);
  });
});

describe('processors and priority', () => {
  interface Seen {
    cpus: string;
    priority: number;
    scheduler: { policy: string; priority: number };
  }
  const seen = async (options: Record<string, unknown>) =>
    (await start({ target: work.system, ...options }).result) as { atImport: Seen; now: Seen };
  const allowed = getAffinity(0);

  test('cpus: set before the module of the target is imported, for all threads', async () => {
    const last = allowed[allowed.length - 1] as number;
    const { atImport, now } = await seen({ cpus: [last] });
    expect([atImport.cpus, now.cpus]).toEqual([String(last), String(last)]);

    const mine = mark();
    const child = start({ target: work.spinAmongThreads, args: [mine.path], cpus: [last] });
    await Promise.all([child.started, mine.reached()]);
    const threads = readThreads(child.pid as number);
    expect(threads.length).toBeGreaterThan(1);
    expect(new Set(threads)).toEqual(new Set([String(last)]));
  });

  test('cpuCount() of a child counts its own processors', async () => {
    const child = start({ target: work.describe, cpus: [allowed[0]] });
    expect(((await child.result) as { cpuCount: number }).cpuCount).toBe(1);
    expect(cpuCount()).toBeGreaterThanOrEqual(1);
    expect(cpuCount()).toBeLessThanOrEqual(allowed.length);
  });

  test('priority', async () => {
    const nicer = getPriority() + 5;
    const { atImport, now } = await seen({ priority: nicer });
    expect([atImport.priority, now.priority]).toEqual([nicer, nicer]);
  });

  test('scheduler', async () => {
    const { atImport } = await seen({ scheduler: 'batch' });
    expect(atImport.scheduler).toEqual({ policy: 'batch', priority: 0 });
    const both = await seen({
      scheduler: { policy: 'idle' },
      priority: getPriority() + 2,
      cpus: [allowed[0]],
    });
    expect(both.now).toMatchObject({ scheduler: { policy: 'idle' }, cpus: String(allowed[0]) });
  });

  test('by default those of the parent', async () => {
    const { now } = await seen({});
    expect(now.priority).toBe(getPriority());
    expect(now.scheduler).toEqual(getScheduler());
    expect(now.cpus).toBe(
      readFileSync('/proc/self/status', 'utf8').match(/^Cpus_allowed_list:\t(.*)$/m)?.[1],
    );
  });
});

describe('signal', () => {
  test('aborted while it runs: the process is terminated', async () => {
    const stop = new AbortController();
    const mine = mark();
    const child = start({ target: work.hang, args: [mine.path], signal: stop.signal });
    await mine.reached();
    stop.abort();
    await child.join();
    expect(child.exitCode).toBe(-15);
    expect(await rejection(child.result)).toBeInstanceOf(Error);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  });

  test('aborted before: start() throws the reason and starts nothing', async () => {
    const child = new Process({ target: work.hang, stdio: 'ignore', signal: AbortSignal.abort() });
    expect(thrown(() => child.start())).toMatchObject({ name: 'AbortError' });
    expect(child.isAlive()).toBe(false);
    expect(child.pid).toBeNull();
    expect(activeChildren()).not.toContain(child);
    // Whoever starts processes has come past it then.
    await start({ target: work.nothing }).join();
    await until(() => workersOf(process.pid).length === 0);
  });

  test('never aborted: nothing stays on it', async () => {
    const stop = new AbortController();
    const child = start({ target: work.nothing, signal: stop.signal });
    await child.join();
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
    stop.abort();
    expect(child.exitCode).toBe(0);
  });
});

describe('name', () => {
  test('is free text and can be seen by the child', async () => {
    const name = 'Ünïcode "näme"\n\u0000 with everything';
    const child = start({ target: work.describe, name });
    expect(child.name).toBe(name);
    expect(await child.result).toMatchObject({ name });
  });
});

test('args and options are read when the process is made or started: what happens to them later is nobody else’s', async () => {
  const args = [[1, 2, 3]];
  const child = start({ target: work.all, args });
  args[0].push(4);
  expect(await child.result).toEqual([[1, 2, 3]]);
});

function readThreads(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map(
    (thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8').match(
        /^Cpus_allowed_list:\t(.*)$/m,
      )?.[1] as string,
  );
}
