// A program with an idle pool of 20 workers, watched for some seconds: nothing may wake any of its 21 processes.
// Used by idle.test.ts here, for a short while, and by test/stress/, for ten seconds.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startScript } from '../helpers/run-script.js';
import { until } from '../helpers/until.js';
import { activeBetween, activityOf, type ThreadActivity } from './wakeups.js';

export interface IdleOptions {
  /** How long nothing must happen before the watch begins: what is on its way out gets time to end. */
  readonly quietMs: number;
  readonly watchMs: number;
  /** Whether the pool has sent slabs, whose pages are given back some time later. */
  readonly slabs: boolean;
}

export interface IdleReport {
  readonly processes: number;
  readonly threads: number;
  /** Threads that were woken while nobody looked but at /proc. */
  readonly woken: readonly ThreadActivity[];
  /** Lines of strace from the watch; undefined where there is no strace. */
  readonly systemCalls: readonly string[] | undefined;
}

export const straceIsInstalled = spawnSync('strace', ['-V']).status === 0;

export async function watchIdlePool(options: IdleOptions): Promise<IdleReport> {
  // V8 collects the garbage of an idle program once more every eight seconds, for a minute: no affair of the pool's.
  await using script = startScript(new URL('../fixtures/leak/idle-pool.mjs', import.meta.url), {
    execArgv: ['--no-memory-reducer'],
    env: { FORKYARD_IDLE_SLABS: options.slabs ? '1' : undefined },
    timeoutMs: 600_000,
  });
  const [line] = await script.waitForOutput(/^\[.*\]$/m);
  const pids = JSON.parse(line) as number[];
  await quiet(pids, options.quietMs);
  const before = activityOf(pids);
  await sleep(options.watchMs);
  const woken = activeBetween(before, activityOf(pids));
  const systemCalls = straceIsInstalled ? await trace(pids, options.watchMs) : undefined;
  return { processes: pids.length, threads: before.length, woken, systemCalls };
}

/** Ends when nothing was woken for so long. */
async function quiet(pids: readonly number[], quietMs: number): Promise<void> {
  const pauseMs = 250;
  let calm = 0;
  let last = activityOf(pids);
  await until(
    async () => {
      await sleep(pauseMs);
      const now = activityOf(pids);
      calm = activeBetween(last, now).length === 0 ? calm + pauseMs : 0;
      last = now;
      return calm >= quietMs;
    },
    {
      what: () => `an idle pool; last awake: ${JSON.stringify(last)}`,
      timeoutMs: 45_000 + 10 * quietMs,
      intervalMs: 0,
    },
  );
}

/** What all threads of the processes asked of the kernel within the time; not what they asked when strace came or went. */
async function trace(pids: readonly number[], watchMs: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'forkyard-strace-'));
  const file = join(folder, 'log');
  const log = () => readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const strace = spawn('strace', ['-f', '-ttt', '-o', file, ...pids.flatMap((pid) => ['-p', String(pid)])], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => strace.once('exit', resolve));
  try {
    // A call that a thread sleeps in is interrupted once, and begun again, when strace attaches to it.
    await until(() => pids.every((pid) => tracerOf(pid) === strace.pid), { what: 'strace' });
    await until(() => isUnchanged(log), { what: 'all threads to sleep again', intervalMs: 1000 });
    const known = log().length;
    await sleep(watchMs);
    return log().slice(known);
  } finally {
    strace.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  }
}

let lastLength = -1;

function isUnchanged(log: () => string[]): boolean {
  const { length } = log();
  const isSame = length === lastLength && length > 0;
  lastLength = length;
  return isSame;
}

function tracerOf(pid: number): number {
  return Number(/^TracerPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
