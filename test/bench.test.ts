// The benchmark: every rival does every scenario and is checked, and figures are put together rightly. How fast anybody is
// is no matter here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Machine } from '../bench/machine.js';
import { help, parseOptions, UsageError } from '../bench/options.js';
import { readResults, withTable } from '../bench/readme.js';
import { formatNumber, formatResult, type Measured, makeResult } from '../bench/report.js';
import { type BenchPool, median, type Scenario, type Settings } from '../bench/scenario.js';
import { scenarios } from '../bench/scenarios/index.js';
import { square, touchEnds } from '../bench/tasks.js';
import { runScript } from './helpers/run-script.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const settings: Settings = { workers: 2, measureMs: 10, warmUpMs: 1 };
const names = ['forkyard', 'piscina', 'tinypool', 'workerpool', 'child_process', 'python'];

test.each(scenarios.map(({ name }) => name))('every rival does %s', async (name) => {
  const { stdout, stderr, exitCode } = await runBench(
    name,
    '--trials',
    '1',
    '--seconds',
    '0.02',
    '--no-save',
  );
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: expect.stringContaining(`${name} 1/1 python: `),
  });
  for (const rival of names) {
    // Its median is a number, not a dash.
    expect(stdout).toMatch(new RegExp(`^\\| ${rival}( [\\d.]+)? +\\| (processes|threads) +\\| +\\d`, 'm'));
  }
});

test('words choose scenarios and rivals; what is not known is an error that names what is', async () => {
  const chosen = parseOptions(['cold-start', 'child_process', '--trials', '2', '--seconds', '3']);
  expect(chosen?.scenarios.map(({ name }) => name)).toEqual(['cold-start']);
  expect(chosen?.rivals.map(({ name }) => name)).toEqual(['forkyard', 'child_process']);
  expect(chosen).toMatchObject({
    trials: 2,
    save: false,
    settings: { workers: 2, measureMs: 3000, warmUpMs: 1000 },
  });
  const all = parseOptions([]);
  expect(all?.rivals.map(({ name }) => name)).toEqual(names);
  expect(all?.save).toBe(true);
  expect(parseOptions(['--help'])).toBeUndefined();
  for (const { name } of scenarios) expect(help).toContain(name);
  for (const args of [['--trials', '0'], ['--seconds', '-1'], ['--workers', '1.5'], ['--quick']]) {
    expect(() => parseOptions(args), args.join(' ')).toThrow(UsageError);
  }
  const { exitCode, stderr } = await runBench('warm-start');
  expect(exitCode).toBe(2);
  expect(stderr).toContain("'warm-start' is neither a scenario nor a rival: one-by-one, cold-start");
});

describe.each(scenarios)('scenario $name', (scenario) => {
  test('takes right results', async () => {
    const sample = await scenario.measure(() => fakePool(scenario, (result) => result), settings);
    expect(sample.value).toBeGreaterThan(0);
  });

  test('refuses a wrong result', async () => {
    const spoil = (result: unknown): unknown =>
      typeof result === 'number' ? result + 1 : (result as Float64Array).with(2 ** 20, -1);
    await expect(scenario.measure(() => fakePool(scenario, spoil), settings)).rejects.toThrow(
      /gave|came back/,
    );
  });
});

test('a worker that writes to the array of its caller is found out', async () => {
  const scenario = scenarios.find(({ name }) => name === 'large-arrays') as Scenario;
  const pool: BenchPool = { call: async (array) => touchEnds(array as Float64Array), close: async () => {} };
  await expect(scenario.measure(() => pool, settings)).rejects.toThrow("the caller's own array");
});

test('the median of trials is compared, in the direction that is better', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const scenario = scenarios[0] as Scenario;
  const higher = makeResult(
    { ...scenario, better: 'higher' },
    [measured('forkyard', 100, 300, 200), measured('piscina', 50, 20, 10)],
    {
      settings,
      machine,
    },
  );
  expect(higher.rivals.map(({ median, least, most }) => [median, least, most])).toEqual([
    [200, 100, 300],
    [20, 10, 50],
  ]);
  expect(higher.rivals[1]?.behindForkyard).toBe(10);
  const lower = makeResult(
    { ...scenario, better: 'lower' },
    [measured('forkyard', 5), measured('piscina', 20)],
    {
      settings,
      machine,
    },
  );
  expect(lower.rivals[1]?.behindForkyard).toBe(4);
  const text = formatResult(higher);
  expect(text).toContain('| forkyard 1.0.0 | processes |            200 |   100 |  300 |             |');
  expect(text).toContain('| piscina 1.0.0  | processes |             20 |    10 |   50 |     10.00 x |');
  expect(text).toContain('commit abc1234');
});

test("the README's table is made of the saved results, and has what they say", () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const results = readResults();
  expect(results.map(({ scenario }) => scenario)).toEqual(scenarios.map(({ name }) => name));
  expect(withTable(readme, results)).toBe(readme);
  for (const { rivals } of results) expect(rivals.map(({ name }) => name)).toEqual(names);
  expect(() => withTable('# No place', results)).toThrow('no place');
});

test('numbers are rounded to what they are worth', () => {
  expect([1234567, 40449, 99.96, 0.012345, Number.NaN].map(formatNumber)).toEqual([
    '1 230 000',
    '40 400',
    '100',
    '0.012',
    '-',
  ]);
});

const machine: Machine = {
  cpu: 'some CPU',
  cpus: 2,
  memoryGiB: 4,
  kernel: 'Linux 6.1',
  node: 'v20.19.0',
  commit: 'abc1234',
  date: '2025-01-02T03:04:05.000Z',
  loadBefore: 0.1,
  nice: 0,
};

function measured(name: string, ...values: number[]): Measured {
  const rival = {
    name,
    runsIn: 'processes' as const,
    version: async () => '1.0.0',
    measure: async () => ({ value: 0 }),
  };
  return { rival, version: '1.0.0', samples: values.map((value) => ({ value })) };
}

/** Runs the task right here, on a copy. */
function fakePool({ task }: Scenario, change: (result: unknown) => unknown): BenchPool {
  const run = { square, touchEnds }[task] as (value: unknown) => unknown;
  return { call: async (value) => change(run(structuredClone(value))), close: async () => {} };
}

function runBench(...args: string[]) {
  return runScript(join(root, 'scripts/run.mjs'), { args: ['bench/run.ts', ...args], cwd: root });
}
