// Nice values, policies and I/O priorities of real processes, judged by /proc, chrt and ionice; and what happens without
// the right to change them.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority as nodeGetPriority } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ResourceError } from '../../lib/errors.js';
import { getIoPriority, setIoPriority } from '../../lib/system/io-priority.js';
import { getPriority, setPriority } from '../../lib/system/priority.js';
import { getScheduler, setScheduler } from '../../lib/system/scheduler.js';
import { type RunningScript, runScript, startScript } from '../helpers/run-script.js';

const isRoot = process.geteuid?.() === 0;
const has = (command: string) => spawnSync(command, ['--version']).status === 0;

let target: RunningScript;
beforeAll(async () => {
  target = startScript(new URL('../fixtures/system/threads.mjs', import.meta.url));
  await target.waitForOutput(/ready/);
});
afterAll(() => target[Symbol.asyncDispose]());

/** Field `number` of proc_pid_stat(5) of every thread. */
function threadFields(number: number): number[] {
  return readdirSync(`/proc/${target.pid}/task`).map((tid) => {
    const stat = readFileSync(`/proc/${target.pid}/task/${tid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[number - 3]);
  });
}

test('the nice value of every thread is set', () => {
  const before = getPriority(target.pid);
  setPriority(target.pid, before + 3);
  expect(new Set(threadFields(19))).toEqual(new Set([before + 3]));
  expect(nodeGetPriority(target.pid)).toBe(before + 3);
  expect(getPriority(target.pid)).toBe(before + 3);
});

test('with `thread` the nice value of one thread is set', () => {
  const before = getPriority(target.pid);
  const tid = Math.max(...readdirSync(`/proc/${target.pid}/task`).map(Number));
  setPriority(tid, 19, { thread: true });
  expect(getPriority(tid, { thread: true })).toBe(19);
  expect(threadFields(19).filter((nice) => nice !== before)).toEqual([19]);
});

test('the policy of every thread is set, without any right', () => {
  for (const [policy, number] of [
    ['batch', 3],
    ['other', 0],
  ] as const) {
    setScheduler(target.pid, policy);
    expect(new Set(threadFields(41))).toEqual(new Set([number]));
    expect(getScheduler(target.pid)).toEqual({ policy, priority: 0 });
  }
});

describe.skipIf(!has('chrt'))('with chrt as the peer (needs it)', () => {
  test('it sees what setScheduler did, and getScheduler what it did', () => {
    setScheduler(target.pid, { policy: 'batch' });
    expect(spawnSync('chrt', ['-p', `${target.pid}`], { encoding: 'utf8' }).stdout).toMatch(/SCHED_BATCH/);
    spawnSync('chrt', ['-a', '-o', '-p', '0', `${target.pid}`]);
    expect(getScheduler(target.pid)).toEqual({ policy: 'other', priority: 0 });
  });

  const mayRealtime = spawnSync('chrt', ['-f', '1', 'true']).status === 0;
  test.skipIf(!mayRealtime)('a real-time policy (needs CAP_SYS_NICE and a budget)', () => {
    setScheduler(target.pid, { policy: 'rr', priority: 42 });
    const seen = spawnSync('chrt', ['-a', '-p', `${target.pid}`], { encoding: 'utf8' }).stdout;
    expect(seen.match(/SCHED_RR/g)?.length).toBe(readdirSync(`/proc/${target.pid}/task`).length);
    expect(getScheduler(target.pid)).toEqual({ policy: 'rr', priority: 42 });
    setScheduler(target.pid, 'fifo');
    expect(getScheduler(target.pid)).toEqual({ policy: 'fifo', priority: 1 });
    setScheduler(target.pid, 'other');
  });
});

describe.skipIf(!has('ionice'))('with ionice as the peer (needs it)', () => {
  const ionice = (...args: string[]) => spawnSync('ionice', args, { encoding: 'utf8' }).stdout.trim();

  test('it sees what setIoPriority did in every thread, and getIoPriority what it did', () => {
    setIoPriority(target.pid, { class: 'best-effort', level: 6 });
    for (const tid of readdirSync(`/proc/${target.pid}/task`))
      expect(ionice('-p', tid)).toBe('best-effort: prio 6');
    setIoPriority(target.pid, 'idle');
    expect(ionice('-p', `${target.pid}`)).toBe('idle');
    ionice('-c', '2', '-n', '1', '-p', `${target.pid}`);
    expect(getIoPriority(target.pid)).toEqual({ class: 'best-effort', level: 1 });
    setIoPriority(target.pid, 'best-effort');
    expect(getIoPriority(target.pid)).toEqual({ class: 'best-effort', level: 4 });
  });
});

describe('without the right', () => {
  type Outcome = 'done' | { class: string; code: string; errno: number; syscall: string; message: string };
  let results: Record<string, Outcome>;
  let niceAfter: number;
  beforeAll(async () => {
    const script = new URL('../fixtures/system/unprivileged.mjs', import.meta.url);
    const run = await runScript(script, { args: [`${isRoot ? target.pid : 1}`] });
    expect(run.stderr).toBe('');
    ({ results, niceAfter } = JSON.parse(run.stdout));
  });

  const refusals: [string, number, string, RegExp][] = [
    ['lower', 13, 'setpriority', /CAP_SYS_NICE.*RLIMIT_NICE of at least \d+ \(it is \d+\)/],
    [
      'realtime',
      1,
      'sched_setscheduler',
      /'fifo' with priority 7 needs .*CAP_SYS_NICE.*RLIMIT_RTPRIO of at least 7/,
    ],
    ['ioRealtime', 1, 'ioprio_set', /'realtime' needs .*CAP_SYS_ADMIN/],
    ['otherNice', 1, 'setpriority', /process \d+ belongs to another user.*CAP_SYS_NICE/],
    ['otherAffinity', 1, 'sched_setaffinity', /process \d+ belongs to another user/],
    ['otherScheduler', 1, 'sched_setscheduler', /process \d+ belongs to another user/],
    ['otherIo', 1, 'ioprio_set', /process \d+ belongs to another user/],
  ];
  test.each(refusals)('%s is a ResourceError that says what is missing', (name, errno, syscall, message) => {
    expect(results[name]).toEqual({
      class: 'ResourceError',
      code: 'ERR_FORKYARD_PERMISSION',
      errno,
      syscall,
      message: expect.stringMatching(message),
    });
  });

  test('what needs no right is done, and what was refused changed nothing', () => {
    expect(results.raise).toBe('done');
    expect(niceAfter).toBe(1);
  });
});

test('a process that has ended is a ResourceError', () => {
  const { pid } = spawnSync('true');
  const calls = [
    () => getPriority(pid),
    () => setPriority(pid, 1),
    () => getScheduler(pid),
    () => setScheduler(pid, 'batch'),
    () => getIoPriority(pid),
    () => setIoPriority(pid, 'idle'),
  ];
  for (const call of calls) {
    expect(call).toThrow(ResourceError);
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_FORKYARD_NO_SUCH_PROCESS', errno: 3 }));
  }
});

test.each<[string, () => unknown, string]>([
  ['a nice value of text', () => setPriority(0, '1' as never), 'ERR_INVALID_ARG_TYPE'],
  ['a nice value of 20', () => setPriority(0, 20), 'ERR_OUT_OF_RANGE'],
  ['a nice value of -21', () => setPriority(0, -21), 'ERR_OUT_OF_RANGE'],
  ['half a nice value', () => setPriority(0, 0.5), 'ERR_OUT_OF_RANGE'],
  ['a policy nobody knows', () => setScheduler(0, 'fast' as never), 'ERR_OUT_OF_RANGE'],
  [
    'a policy named like a property of objects',
    () => setScheduler(0, 'constructor' as never),
    'ERR_OUT_OF_RANGE',
  ],
  ['a policy that cannot be set', () => setScheduler(0, 'deadline' as never), 'ERR_OUT_OF_RANGE'],
  ['no policy', () => setScheduler(0, undefined as never), 'ERR_INVALID_ARG_TYPE'],
  ['an object without a policy', () => setScheduler(0, {} as never), 'ERR_INVALID_ARG_TYPE'],
  [
    'a priority that the policy has not',
    () => setScheduler(0, { policy: 'batch', priority: 1 }),
    'ERR_OUT_OF_RANGE',
  ],
  ['a real-time priority of 0', () => setScheduler(0, { policy: 'fifo', priority: 0 }), 'ERR_OUT_OF_RANGE'],
  ['a real-time priority of 100', () => setScheduler(0, { policy: 'rr', priority: 100 }), 'ERR_OUT_OF_RANGE'],
  [
    'a real-time priority of text',
    () => setScheduler(0, { policy: 'rr', priority: '1' as never }),
    'ERR_INVALID_ARG_TYPE',
  ],
  ['an I/O class nobody knows', () => setIoPriority(0, 'first' as never), 'ERR_OUT_OF_RANGE'],
  ['an I/O level of 8', () => setIoPriority(0, { class: 'best-effort', level: 8 }), 'ERR_OUT_OF_RANGE'],
  [
    'an I/O level that the class has not',
    () => setIoPriority(0, { class: 'idle', level: 1 }),
    'ERR_OUT_OF_RANGE',
  ],
  ['no I/O priority', () => setIoPriority(0, null as never), 'ERR_INVALID_ARG_TYPE'],
])('%s is refused at the call', (_, call, code) => {
  expect(call).toThrow(expect.objectContaining({ code }));
});
