// Affinity of real processes, judged by /proc/PID/task/*/status and by taskset.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ResourceError } from '../../lib/errors.js';
import { checkCpus, getAffinity, setAffinity, usableCpus } from '../../lib/system/affinity.js';
import { formatCpuList, parseCpuList } from '../../lib/system/cpu-list.js';
import { startScript } from '../helpers/run-script.js';

const script = new URL('../fixtures/system/threads.mjs', import.meta.url);
const usable = usableCpus();
const hasTwoCpus = usable.length >= 2;
const hasTaskset = spawnSync('taskset', ['--version']).status === 0;
const notThere = Math.max(...usable) + 1000;

function threadsOf(pid: number | 'self'): number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}

function maskOf(pid: number | 'self', tid: number): number[] {
  const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
  return parseCpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)![1]);
}

test('the mask of this process is the one in /proc/self/status', () => {
  expect(getAffinity()).toEqual(maskOf('self', process.pid));
  expect(getAffinity(process.pid)).toEqual(getAffinity(0));
  expect(usable).toEqual(expect.arrayContaining(getAffinity()));
});

test.skipIf(!hasTwoCpus)('every thread of another process is pinned (needs two CPUs)', async () => {
  await using target = startScript(script);
  await target.waitForOutput(/ready/);
  const before = threadsOf(target.pid);
  expect(before.length).toBeGreaterThanOrEqual(9);
  for (const cpu of [usable[0], usable[1]]) {
    setAffinity(target.pid, [cpu]);
    for (const tid of threadsOf(target.pid)) expect(maskOf(target.pid, tid)).toEqual([cpu]);
    expect(getAffinity(target.pid)).toEqual([cpu]);
  }
  setAffinity(target.pid, usable);
  for (const tid of threadsOf(target.pid)) expect(maskOf(target.pid, tid)).toEqual(usable);
});

test.skipIf(!hasTwoCpus)('with `thread` one thread is pinned and no other (needs two CPUs)', async () => {
  await using target = startScript(script);
  await target.waitForOutput(/ready/);
  const [first, ...others] = threadsOf(target.pid).sort((a, b) => b - a);
  const before = getAffinity(target.pid);
  setAffinity(first, [usable[1]], { thread: true });
  expect(getAffinity(first, { thread: true })).toEqual([usable[1]]);
  for (const tid of others) expect(maskOf(target.pid, tid)).toEqual(before);
});

describe.skipIf(!hasTaskset || !hasTwoCpus)('with taskset as the peer (needs it and two CPUs)', () => {
  test('it sees what setAffinity did, and getAffinity what it did', async () => {
    await using target = startScript(script);
    await target.waitForOutput(/ready/);
    setAffinity(target.pid, [usable[1]]);
    const seen = spawnSync('taskset', ['-acp', `${target.pid}`], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n');
    expect(seen.length).toBe(threadsOf(target.pid).length);
    for (const line of seen) expect(line.split(': ')[1]).toBe(`${usable[1]}`);
    spawnSync('taskset', ['-acp', `${usable[0]}`, `${target.pid}`]);
    expect(getAffinity(target.pid)).toEqual([usable[0]]);
  });

  test('a mask set from outside does not narrow what the process may give itself', () => {
    const code = `import('${new URL('../../lib/system.js', import.meta.url)}').then((system) => {
      const before = system.getAffinity();
      system.setAffinity(0, system.usableCpus());
      console.log(JSON.stringify([before, system.getAffinity()]));
    })`;
    const { stdout } = spawnSync('taskset', ['-c', `${usable[0]}`, process.execPath, '-e', code], {
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual([[usable[0]], usable]);
  });
});

test.each([
  ['alone', [notThere]],
  ['beside one that is there', [usable[0], notThere]],
])('a CPU that is not there, %s, is a RangeError that names those that are', (_, cpus) => {
  const before = getAffinity();
  expect(() => setAffinity(0, cpus)).toThrow(RangeError);
  expect(() => setAffinity(0, cpus)).toThrow(
    expect.objectContaining({
      code: 'ERR_OUT_OF_RANGE',
      message: expect.stringContaining(`may use (${formatCpuList(usable)}), which excludes ${notThere}`),
    }),
  );
  expect(getAffinity()).toEqual(before);
});

test('a CPU that is not there is a RangeError for another process as well', async () => {
  await using target = startScript(script);
  await target.waitForOutput(/ready/);
  expect(() => setAffinity(target.pid, [usable[0], notThere])).toThrow(
    expect.objectContaining({
      code: 'ERR_OUT_OF_RANGE',
      message: expect.stringContaining(`process ${target.pid}`),
    }),
  );
  for (const tid of threadsOf(target.pid)) expect(maskOf(target.pid, tid)).toEqual(getAffinity());
});

test('a process that has ended is a ResourceError', () => {
  const { pid } = spawnSync('true');
  for (const call of [() => getAffinity(pid), () => setAffinity(pid, [usable[0]])]) {
    expect(call).toThrow(ResourceError);
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_FORKYARD_NO_SUCH_PROCESS', errno: 3 }));
  }
});

test.each<[string, () => unknown, string]>([
  ['a pid that is no number', () => getAffinity('1' as never), 'ERR_INVALID_ARG_TYPE'],
  ['a negative pid', () => getAffinity(-1), 'ERR_OUT_OF_RANGE'],
  ['half a pid', () => getAffinity(1.5), 'ERR_OUT_OF_RANGE'],
  ['a pid beyond 32 bits', () => getAffinity(2 ** 32), 'ERR_OUT_OF_RANGE'],
  ['options that are null', () => getAffinity(0, null as never), 'ERR_INVALID_ARG_TYPE'],
  ['a thread that is no boolean', () => getAffinity(0, { thread: 1 as never }), 'ERR_INVALID_ARG_TYPE'],
  ['no CPUs', () => setAffinity(0, undefined as never), 'ERR_INVALID_ARG_TYPE'],
  ['an empty list', () => setAffinity(0, []), 'ERR_OUT_OF_RANGE'],
  ['text in the list', () => setAffinity(0, ['0' as never]), 'ERR_INVALID_ARG_TYPE'],
  // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
  ['a hole in the list', () => setAffinity(0, [, 0] as never), 'ERR_INVALID_ARG_TYPE'],
  ['a negative CPU', () => setAffinity(0, [-1]), 'ERR_OUT_OF_RANGE'],
  ['half a CPU', () => setAffinity(0, [0.5]), 'ERR_OUT_OF_RANGE'],
  ['NaN', () => setAffinity(0, [Number.NaN]), 'ERR_OUT_OF_RANGE'],
])('%s is refused at the call', (_, call, code) => {
  expect(call).toThrow(expect.objectContaining({ code }));
});

test('a list is returned sorted and without repetition', () => {
  expect(checkCpus('m', 'cpus', [3, 1, 3], [1, 2, 3])).toEqual([1, 3]);
});
