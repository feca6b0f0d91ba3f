// Running the fixtures of the crash, stress and leak tests, and what each of them has to report to have gone well.
// The fixtures themselves print what they saw and judge nothing but values.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { crashAddonEnv } from '../helpers/crash-addon.js';
import { runScript, type ScriptOptions } from '../helpers/run-script.js';

/** What a program holds: test/fixtures/stress/levels.mjs. */
export interface Levels {
  readonly fds: Readonly<Record<string, number>>;
  readonly maps: number;
  readonly children: readonly string[];
  readonly shm: readonly string[];
  readonly bytesInUse: number;
  readonly slots: readonly string[];
  readonly heapUsed: number;
}

/** The arena added up: test/fixtures/stress/audit.mjs. */
export interface Accounts {
  readonly problems: readonly string[];
  readonly blocksInUse: number;
  readonly spans: number;
  readonly orphans: number;
  /** In the register of names. */
  readonly names: number;
  readonly cells: number;
  /** By slot. */
  readonly cellsOf: Readonly<Record<string, number>>;
  readonly live: readonly number[];
}

export interface SoakReport {
  readonly seed: number;
  readonly kills: number;
  readonly stops: number;
  /** Units of work, each of one task to some hundreds. */
  readonly settled: number;
  /** Tasks and items. */
  readonly ids: number;
  readonly lost: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
  readonly pending: readonly string[];
  readonly joined: boolean;
  readonly elapsedMs: number;
  readonly stats: readonly { readonly unsettled: number; readonly waiting: number }[];
  readonly before: Levels;
  readonly after: Levels;
  readonly accounts: Accounts;
}

/** test/fixtures/crash/pool-at-point.mjs */
export interface PoolReport {
  readonly deaths: number;
  readonly settled: number;
  readonly lost: number;
  readonly wrong: readonly string[];
  readonly pending: readonly string[];
  readonly joined: boolean;
  readonly unsettled: number;
  readonly waiting: number;
  readonly bytesInUse: number;
  readonly slots: readonly string[];
  readonly accounts: Accounts;
}

/** The last line that a fixture prints, from a run that ended by itself with 0. */
export async function reportOf<Report>(
  fixture: string,
  options: Pick<ScriptOptions, 'env' | 'args' | 'execArgv' | 'timeoutMs'> = {},
): Promise<Report> {
  const result = await runScript(new URL(`../fixtures/${fixture}`, import.meta.url), options);
  const { exitCode, signal, timedOut, stderr } = result;
  expect({ exitCode, signal, timedOut }, stderr).toEqual({ exitCode: 0, signal: null, timedOut: false });
  return JSON.parse(result.stdout.trim().split('\n').at(-1) as string) as Report;
}

/** From the environment, to repeat a run; else a new one. It is printed either way. */
export function seedOf(): number {
  const seed = Number(process.env.FORKYARD_STRESS_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`FORKYARD_STRESS_SEED=${seed}`);
  return seed;
}

/** `FORKYARD_STRESS_KILLS` or the default. */
export async function soak(kills: number, timeoutMs: number): Promise<SoakReport> {
  const wanted = process.env.FORKYARD_STRESS_KILLS ?? String(kills);
  const env = { FORKYARD_STRESS_KILLS: wanted, FORKYARD_STRESS_SEED: String(seedOf()) };
  const report = await reportOf<SoakReport>('stress/soak.mjs', { env, timeoutMs });
  expect(report.kills).toBe(Number(wanted));
  return report;
}

export function expectCleanSoak(report: SoakReport): void {
  expect(report.wrong).toEqual([]);
  expect(report.pending).toEqual([]);
  for (const { unsettled, waiting } of report.stats)
    expect({ unsettled, waiting }).toEqual({ unsettled: 0, waiting: 0 });
  expect(report.joined).toBe(true);
  expect(report.settled).toBeGreaterThan(report.kills);
  expectSameLevels(report.before, report.after);
  expectNothingInUse(report.accounts);
}

/** All but the number of mappings and the heap, which are V8's as well. */
export function expectSameLevels(before: Levels, after: Levels): void {
  expect(after.children).toEqual([]);
  expect(after.fds).toEqual(before.fds);
  expect(after.shm.filter((name) => !before.shm.includes(name))).toEqual([]);
  expect(after.slots).toEqual(before.slots);
  expect(after.bytesInUse).toBe(before.bytesInUse);
}

/** Every count is the number of cells that name the block, and there is none: only the program itself is a member. */
export function expectNothingInUse(accounts: Accounts): void {
  expect(accounts).toEqual({
    ...{ problems: [], blocksInUse: 0, spans: 0, orphans: 0, names: 0 },
    ...{ cells: 0, cellsOf: {}, live: [0] },
  });
}

const crashPointNames = readCrashPointNames();

/** The number of a crash point, as native/shared/crash_point.h has it now. */
export function crashPoint(name: string): string {
  const id = crashPointNames.indexOf(name);
  if (id < 1) throw new Error(`there is no crash point ${name}`);
  return String(id);
}

/** The environment for a fixture whose children are armed with a crash point. */
export function armedEnv(point: string, hits: readonly number[]): Record<string, string> {
  return { ...crashAddonEnv(), FORKYARD_POINT: crashPoint(point), FORKYARD_HITS: hits.join(',') };
}

function readCrashPointNames(): string[] {
  const header = readFileSync(new URL('../../native/shared/crash_point.h', import.meta.url), 'utf8');
  const names = /enum class CrashPointId[^{]*\{([^}]*)\}/.exec(header)?.[1] ?? '';
  return [...names.matchAll(/\bk[A-Z]\w*/g)].map(([name]) => name);
}
