// How many CPUs a program counts on, from each of the things that bound it.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { getAffinity } from '../../lib/system/affinity.js';
import { countCpus, cpuCount } from '../../lib/system/cpu-count.js';

const library = new URL('../../lib/system.js', import.meta.url);
const print = `import('${library}').then(({ cpuCount }) => console.log(cpuCount())).catch((error) => console.log(error.code))`;
const hasTaskset = spawnSync('taskset', ['--version']).status === 0;

test.each([
  ['the mask alone', { allowed: 8 }, 8],
  ['a smaller quota', { allowed: 8, quota: 2 }, 2],
  ['a quota of one and a half', { allowed: 8, quota: 1.5 }, 2],
  ['a tenth of a CPU', { allowed: 8, quota: 0.1 }, 1],
  ['a quota above the mask', { allowed: 2, quota: 6 }, 2],
  ['an override below the quota', { allowed: 8, quota: 4, override: '3' }, 3],
  ['an override above the quota', { allowed: 8, quota: 4, override: '6' }, 6],
  ['an override above the mask', { allowed: 8, quota: 4, override: '64' }, 8],
  ['an empty override', { allowed: 8, quota: 4, override: '' }, 4],
])('%s', (_, bounds, expected) => {
  expect(countCpus({ quota: undefined, override: undefined, ...bounds })).toBe(expected);
});

test.each(['0', '-1', '1.5', 'two', '1e3', ' 2'])('an override of %j is a RangeError', (override) => {
  expect(() => countCpus({ allowed: 8, quota: undefined, override })).toThrow(
    expect.objectContaining({
      code: 'ERR_OUT_OF_RANGE',
      message: expect.stringContaining('FORKYARD_CPU_COUNT'),
    }),
  );
});

test('it is at least 1 and never above the mask', () => {
  expect(cpuCount()).toBeGreaterThanOrEqual(1);
  expect(cpuCount()).toBeLessThanOrEqual(getAffinity().length);
});

test('a real program reads the variable', () => {
  const count = (FORKYARD_CPU_COUNT: string) =>
    spawnSync(process.execPath, ['-e', print], {
      encoding: 'utf8',
      env: { ...process.env, FORKYARD_CPU_COUNT },
    }).stdout;
  expect(count('1')).toBe('1\n');
  expect(count('none')).toBe('ERR_OUT_OF_RANGE\n');
});

test.skipIf(!hasTaskset)('a program pinned to one CPU counts on one (needs taskset)', () => {
  const pinned = spawnSync('taskset', ['-c', `${getAffinity()[0]}`, process.execPath, '-e', print], {
    encoding: 'utf8',
  });
  expect(pinned.stdout).toBe('1\n');
});
