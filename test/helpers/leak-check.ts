// Runs around each test file: fails it when it leaves a process, a name in /dev/shm, a descriptor or a process warning.
// What the suite as a whole left behind is found by global-setup.ts.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString, takeCoverage } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll } from 'vitest';
import { killTree } from './run-script.js';
import {
  isForkServer,
  isSpare,
  type OpenFile,
  openFiles,
  type ProcessInfo,
  processesOf,
  processesWithVariable,
  processInfo,
  shmEntries,
  shmUsers,
} from './system-state.js';
import { until } from './until.js';
import { unexpectedWarnings, watchWarnings } from './warnings.js';

/** How long what is on its way out may take: processes end and finalizers run after the last test. */
const settlingMs = 10_000;

/** Inherited by everything the file starts, so that orphans are found as well as children. */
const markName = 'FORKYARD_TEST_FILE_MARK';

/**
 * Descriptors that may be open after a file and not before it. `most` is per test file: what is opened once in the life
 * of a process is no leak, what is opened once per operation goes over it.
 */
const allowances: readonly { readonly target: RegExp; readonly most: number; readonly why: string }[] = [
  {
    target: /^\/memfd:forkyard/,
    most: 4,
    why: 'the arena and the liveness file, mapped until the process ends',
  },
  { target: /^pipe:/, most: 2, why: 'the lifeline: both ends in the root, for the life of the process' },
  { target: /^socket:/, most: 6, why: "the environment's bell, and a connection to each fork server" },
  {
    target: /^anon_inode:\[(eventpoll|eventfd|io_uring|pidfd)\]$/,
    most: 4,
    why: "libuv's own, made at first use",
  },
  { target: /^\/dev\/(null|urandom|random)$/, most: 2, why: 'opened by Node at first use' },
];

const mark = randomUUID();
const shmBefore = new Set(shmEntries());
const filesBefore = new Set(openFiles().map(nameOf));
process.env[markName] = mark;
watchWarnings();

afterAll(async () => {
  const findings: string[] = [];
  // A warning is emitted in a later tick than its cause, and a file may come here in the same one.
  await nextTurn();
  await settled(leftProcesses, (left) => {
    findings.push(
      ...left.map((info) => `process ${info.pid} (${info.state}): ${info.commandLine || 'zombie'}`),
    );
    for (const info of left) killTree(info.pid);
  });
  await settled(leftFiles, (left) => findings.push(...left.map((file) => `descriptor ${nameOf(file)}`)));
  await settled(leftShm, (left) => findings.push(...left.map((name) => `/dev/shm/${name}`)));
  findings.push(...unexpectedWarnings().map((warning) => `process warning: ${warning.stack ?? warning}`));
  findings.push(...wrongAddons().map((path) => `not the prebuild, but ${path}`));
  // Under c8: vitest ends its workers without writing it.
  if (process.env.NODE_V8_COVERAGE !== undefined) takeCoverage();
  if (findings.length > 0) throw new Error(`this test file left behind or used:\n  ${findings.join('\n  ')}`);
});

/** Reports what is left when it does not go away by itself. */
async function settled<T>(find: () => T[], report: (left: T[]) => void): Promise<void> {
  try {
    await until(() => find().length === 0, { timeoutMs: settlingMs, intervalMs: 20 });
  } catch {
    report(find());
  }
}

function leftProcesses(): ProcessInfo[] {
  const all = [...processesOf(process.pid), ...processesWithVariable(markName, mark)];
  const left = all.filter((info, index) => all.findIndex((other) => other.pid === info.pid) === index);
  return left.filter((info) => !isOwnForkServer(info));
}

/** It ends with its client, which is this process; the children that it may have are found by themselves. */
function isOwnForkServer(info: ProcessInfo): boolean {
  if (!isSpare(info)) return info.parentPid === process.pid && isForkServer(info);
  const server = processInfo(info.parentPid);
  return server !== undefined && isOwnForkServer(server);
}

function leftFiles(): OpenFile[] {
  collectGarbage();
  const added = openFiles().filter((file) => !filesBefore.has(nameOf(file)));
  const used = new Map<RegExp, number>();
  return added.filter(({ target }) => {
    const allowance = allowances.find((candidate) => candidate.target.test(target));
    // The descriptor that reads /proc/self/fd is in its own listing.
    if (allowance === undefined) return !/^\/proc\/\d+\/fd$/.test(target);
    const count = (used.get(allowance.target) ?? 0) + 1;
    used.set(allowance.target, count);
    return count > allowance.most;
  });
}

/** A name that a process outside this file's tree still uses is the business of the file that runs at the same time. */
function leftShm(): string[] {
  return shmEntries().filter((name) => {
    if (shmBefore.has(name)) return false;
    const mine = new Set([process.pid, ...leftProcesses().map((info) => info.pid)]);
    const users = shmUsers(name);
    return users.length === 0 || users.some((info) => mine.has(info.pid));
  });
}

/** In a run against the prebuild alone: what else of the kind was loaded. */
function wrongAddons(): string[] {
  if (!process.env.PREBUILDS_ONLY) return [];
  const mapped = readFileSync('/proc/self/maps', 'utf8').match(/\/.*\/build\/Release\/.*\.node$/gm);
  return [...new Set(mapped)];
}

function nameOf(file: OpenFile): string {
  return `${file.fd} -> ${file.target}`;
}

/** Descriptors may be closed by finalizers. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
