// The copies that fork servers make ahead: whatever happens to one, each start happens, once.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { getContext, Process } from '../../lib/index.js';
import { long } from '../fixtures/forking/long-function.mjs';
import { forked } from '../fixtures/forking/tasks.mjs';
import { runScript } from '../helpers/run-script.js';
import {
  isForkServer,
  isSpare,
  type ProcessInfo,
  processesOf,
  processInfo,
} from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

const folder = mkdtempSync(join(tmpdir(), 'forkyard-spares-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string) => new URL(`../fixtures/forking/${name}`, import.meta.url);
const preload = [fixture('tasks.mjs')];

/** The spare of the one server that there is here, once it waits to be asked. */
async function waitingSpare(): Promise<ProcessInfo> {
  // A server that sleeps again has offered it.
  const isAsleep = (info: ProcessInfo | undefined) => info?.state === 'S';
  const find = () =>
    processesOf(process.pid).find(
      (info) => isSpare(info) && isAsleep(info) && isAsleep(processInfo(info.parentPid)),
    );
  await until(() => find() !== undefined);
  return find() as ProcessInfo;
}

async function record(path: string): Promise<number> {
  await using child = new Process({
    target: forked.record,
    args: [path],
    preload,
    startMethod: 'forkserver',
    stdio: 'ignore',
  });
  child.start();
  await child.join();
  expect(child.exitCode).toBe(0);
  return child.pid as number;
}

const recorded = (path: string) => readFileSync(path, 'utf8').trim().split('\n').map(Number);

test('a start takes it, and another one is made', async () => {
  await getContext('forkserver', { preload }).prewarm();
  const path = join(folder, 'taken');
  for (let i = 0; i < 3; i++) {
    const spare = await waitingSpare();
    expect(await record(path)).toBe(spare.pid);
    await until(() => processInfo(spare.pid) === undefined);
  }
  expect(recorded(path)).toHaveLength(3);
});

test('after a crowd of starts one is made while they run', async () => {
  await waitingSpare();
  const crowd = Array.from(
    { length: 3 },
    () => new Process({ target: forked.nap, args: [20_000], preload, startMethod: 'forkserver' }),
  );
  for (const child of crowd) child.start();
  await Promise.all(crowd.map((child) => child.started));
  const spare = await waitingSpare();
  expect(crowd.map(({ pid }) => pid)).not.toContain(spare.pid);
  expect(await record(join(folder, 'crowd'))).toBe(spare.pid);
  for (const child of crowd) child.kill();
  await Promise.all(crowd.map((child) => child.join()));
});

test.each(['SIGKILL', 'SIGSTOP'] as const)('after %s it is passed over', async (signal) => {
  const path = join(folder, signal);
  const spare = await waitingSpare();
  process.kill(spare.pid, signal);
  const pid = await record(path);
  expect(pid).not.toBe(spare.pid);
  expect(recorded(path)).toEqual([pid]);
  await until(() => processInfo(spare.pid) === undefined);
});

test('it dies with its server when it was asked: its end keeps the program alive until another one is asked', async () => {
  const { stdout, exitCode } = await runScript(fixture('lost-with-spare.mjs'));
  expect(stdout).toBe('{"isAnother":true}\n');
  expect(exitCode).toBe(0);
});

test('starts that cannot be do not use it up', async () => {
  const spare = await waitingSpare();
  for (let i = 0; i < 7; i++) {
    const child = new Process({
      target: forked.nothing,
      preload,
      startMethod: 'forkserver',
      cwd: '/nowhere',
    });
    child.start();
    await expect(child.started).rejects.toThrow('/nowhere');
  }
  expect(await record(join(folder, 'used'))).toBe(spare.pid);
});

test('its time begins when it is asked', async () => {
  await waitingSpare();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await using child = new Process({ target: forked.utilization, preload, startMethod: 'forkserver' });
  const asked = performance.now();
  child.start();
  const { active, sinceOrigin } = (await child.result) as { active: number; sinceOrigin: number };
  expect(sinceOrigin).toBeLessThan(performance.now() - asked);
  expect(active).toBeGreaterThanOrEqual(0);
  // A millisecond for the clock of the event loop, which is read earlier.
  expect(active).toBeLessThan(sinceOrigin + 1);
});

test('signals of the terminal that came before are not the child’s', async () => {
  const path = join(folder, 'signals');
  const spare = await waitingSpare();
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM'] as const) process.kill(spare.pid, signal);
  expect(await record(path)).toBe(spare.pid);
});

test('its server is dead: it is as well, unless it was asked before it knew', async () => {
  const path = join(folder, 'server');
  const spare = await waitingSpare();
  const [server] = processesOf(process.pid).filter(isForkServer);
  process.kill(server?.pid as number, 'SIGKILL');
  const pid = await record(path);
  expect(recorded(path)).toEqual([pid]);
  await until(() => processInfo(spare.pid) === undefined);
});

// Executable memory that is no file's, in bytes. Node itself keeps its compiled code in some: less than this.
function anonymousCode(pid: number): number {
  const mappings = readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(/^(\w+)-(\w+) r-xp 0+ 00:00 0\s*$/gm);
  return [...mappings].reduce((sum, [, from, to]) => sum + Number(`0x${to}`) - Number(`0x${from}`), 0);
}

const hugePages = readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8');

test.skipIf(hugePages.includes('[never]'))('Node’s code moves to huge pages when nobody asks', async () => {
  await getContext('forkserver', { preload }).prewarm();
  const isMoved = ({ pid }: ProcessInfo) => anonymousCode(pid) > 10 * 2 ** 20;
  await until(() => processesOf(process.pid).filter(isForkServer).some(isMoved));
  const path = join(folder, 'huge');
  // The one that was made before.
  await record(path);
  const spare = await waitingSpare();
  expect(isMoved(spare)).toBe(true);
  expect(await record(path)).toBe(spare.pid);
});

test('what programs call of Node is compiled when nobody asks', async () => {
  const compiledBytes = async () => {
    await using child = new Process({ target: long.callNode, preload, startMethod: 'forkserver' });
    child.start();
    return await child.result;
  };
  await until(async () => (await compiledBytes()) === 0);
});

test('perf keeps its names: the code of a server stays where its file is', async () => {
  // By itself it does nothing; with the others V8 writes files for each process.
  const execArgv = ['--perf-basic-prof-only-functions'];
  const { stdout } = await runScript(fixture('code.mjs'), { execArgv });
  expect(stdout).toMatch(/^\d+\n$/);
  expect(Number(stdout)).toBeLessThan(10 * 2 ** 20);
});

// The last: its server is another one.
test('a child that hangs before it says a word can be ended', async () => {
  const endless = [fixture('endless-after-fork.mjs')];
  await getContext('forkserver', { preload: endless }).prewarm();
  await waitingSpare();
  await using child = new Process({
    target: forked.nothing,
    preload: endless,
    startMethod: 'forkserver',
    stdio: 'ignore',
  });
  child.start();
  child.terminate();
  await child.join();
  expect(child.exitCode).toBe(-15);
});
