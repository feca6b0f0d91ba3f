// What becomes of figures: results, targets, tables, the README and its chart say what the trials said.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { drawChart } from '../bench/chart.js';
import { formatNumber } from '../bench/format.js';
import type { Machine } from '../bench/machine.js';
import { chartPath, readResults, withTable } from '../bench/readme.js';
import { formatResult, formatSummary } from '../bench/report.js';
import { best, type Measured, makeResult, type Result } from '../bench/result.js';
import { rivals } from '../bench/rivals/index.js';
import { takesPart } from '../bench/rivals/rival.js';
import type { Scenario, Settings } from '../bench/scenario.js';
import { scenarios } from '../bench/scenarios/index.js';
import { atLeast, atMost, timesBestProcessPool, timesRival } from '../bench/targets.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const settings: Settings = { workers: 2, measureMs: 10, warmUpMs: 1, scale: 1 };
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

test('the median of trials is compared, in the direction that is better', () => {
  const higher = resultOf('higher', { forkyard: [100, 300, 200], piscina: [50, 20, 10] });
  expect(higher.rivals.map(({ median, least, most }) => [median, least, most])).toEqual([
    [200, 100, 300],
    [20, 10, 50],
  ]);
  expect(higher.rivals[1]?.behindForkyard).toBe(10);
  expect(resultOf('lower', { forkyard: [5], piscina: [20] }).rivals[1]?.behindForkyard).toBe(4);
});

test('a report has a row per rival, what was wanted, who was left out, and the conditions', () => {
  const result = {
    ...resultOf('higher', { forkyard: [100, 300, 200], piscina: [50, 20, 10] }),
    leftOut: { 'some-pool': 'has no legs', 'one-more': 'has no arms', another: 'has no legs' },
  };
  const text = formatResult(result);
  expect(text).toContain('| forkyard 1.0.0 | processes |            200 |   100 |  300 |             |');
  expect(text).toContain('| piscina 1.0.0  | threads   |             20 |    10 |   50 |     10.00 x |');
  expect(text).toContain('- Wanted: at least 500 000. Missed: 200 tasks/s.');
  expect(text).toContain('- Wanted: 10 times as good as piscina. Met: 10 x piscina.');
  // poolifier was not measured here, so there is no verdict on it.
  expect(text).not.toContain('poolifier');
  expect(text).toContain('- Left out: some-pool, another: has no legs.');
  expect(text).toContain('- Left out: one-more: has no arms.');
  expect(text).toContain('commit abc1234');
});

test('a summary has a row per scenario with the best other pool', () => {
  const result = resultOf('higher', { forkyard: [600_000], piscina: [20_000], python: [40_000] });
  const [, , row, more] = formatSummary([result])
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' '));
  expect(row).toBe(
    '| one-by-one-1000 | 600 000 tasks/s | python: 40 000 tasks/s | 15.00 x | at least 500 000 | 600 000 tasks/s | Met |',
  );
  expect(more).toBe('| | | | | 10 times as good as piscina | 30 x piscina | Met |');
});

describe('targets', () => {
  const higher = resultOf('higher', {
    forkyard: [100],
    piscina: [10],
    workerpool: [40],
    child_process: [80],
  });
  const lower = resultOf('lower', { forkyard: [10], piscina: [11], workerpool: [20], child_process: [5] });

  test('of the own figure', () => {
    expect(atLeast(100).check(higher)).toEqual({ figure: '100 tasks/s', isMet: true });
    expect(atLeast(101).check(higher)?.isMet).toBe(false);
    expect(atMost(10).check(lower)?.isMet).toBe(true);
    expect(atMost(9.9).check(lower)?.isMet).toBe(false);
  });

  test('against a rival, in the direction that is better', () => {
    expect(timesRival('piscina', 10).check(higher)).toEqual({ figure: '10 x piscina', isMet: true });
    expect(timesRival('piscina', 1.2).check(lower)?.isMet).toBe(false);
    expect(timesRival('child_process', 1).check(lower)?.isMet).toBe(false);
  });

  test('against the best pool of processes: no threads, nothing without a pool', () => {
    expect(timesBestProcessPool(2.5).check(higher)).toEqual({ figure: '2.5 x workerpool', isMet: true });
    expect(timesBestProcessPool(2.5).check(lower)).toEqual({ figure: '2 x workerpool', isMet: false });
  });

  test('have no verdict where those who are compared were not measured', () => {
    expect(timesRival('tinypool', 2).check(higher)).toBeUndefined();
    const alone = resultOf('higher', { forkyard: [1] });
    expect(timesBestProcessPool(2).check(alone)).toBeUndefined();
    const without = resultOf('higher', { piscina: [1] });
    expect(atLeast(1).check(without)).toBeUndefined();
    expect(timesRival('piscina', 2).check(without)).toBeUndefined();
  });
});

test('Forkyard is not its own rival', () => {
  const result = resultOf('higher', { forkyard: [1], piscina: [5] });
  const [own, other] = result.rivals as [Result['rivals'][0], Result['rivals'][0]];
  const variant = { ...own, name: 'forkyard-variant', behindForkyard: 0.1 };
  expect(best({ ...result, rivals: [own, variant, other] }, () => true)).toBe(other);
});

describe('the chart', () => {
  const result = resultOf('higher', { forkyard: [100], piscina: [10], child_process: [1000], python: [1] });

  test('is well-formed, whatever the names are', () => {
    const svg = drawChart([{ ...result, title: 'a < b && "c" > d' }]);
    expect(openTags(svg)).toEqual([]);
    expect(svg).toContain('a &lt; b &amp;&amp; &quot;c&quot; &gt; d');
  });

  test('has a bar and a figure for each, longer where it is better', () => {
    const svg = drawChart([result]);
    const widths = barWidths(svg);
    // In the order of the bars: Forkyard, the best pool, the best without a pool, Python.
    expect(widths.map(({ name }) => name)).toEqual(['forkyard', 'piscina', 'child_process', 'python']);
    const [own, pool, byHand, python] = widths.map(({ width }) => width) as [number, number, number, number];
    // The axis is logarithmic: each is ten times the next.
    expect(byHand - own).toBeCloseTo(own - pool, 0);
    expect(own - pool).toBeCloseTo(pool - python, 0);
    for (const figure of ['100 tasks/s', '10 tasks/s', '1 000 tasks/s', '1 tasks/s']) {
      expect(svg).toContain(`>${figure}</text>`);
    }
  });

  test('has the same lengths for the same ratios where less is better', () => {
    const lower = resultOf('lower', { forkyard: [10], piscina: [100], child_process: [1], python: [1000] });
    expect(barWidths(drawChart([lower]))).toEqual(barWidths(drawChart([result])));
  });

  test('keeps within its axis what is off it', () => {
    const far = resultOf('higher', { forkyard: [1], piscina: [1e9], child_process: [1e-9] });
    for (const { width } of barWidths(drawChart([far]))) {
      expect(width).toBeGreaterThanOrEqual(0);
      expect(width).toBeLessThanOrEqual(440);
    }
  });

  test('shows no scenario that has nobody to compare', () => {
    const alone = [resultOf('higher', { forkyard: [1] }), resultOf('higher', { piscina: [1], python: [2] })];
    expect(barWidths(drawChart(alone))).toEqual([]);
  });
});

test("the README's table and chart are made of the saved results, and have what they say", () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const results = readResults();
  expect(results.map(({ scenario }) => scenario)).toEqual(scenarios.map(({ name }) => name));
  expect(withTable(readme, results)).toBe(readme);
  expect(readme).toContain(`](${chartPath})`);
  expect(readFileSync(join(root, chartPath), 'utf8')).toBe(drawChart(results));
  expect(() => withTable('# No place', results)).toThrow('no place');
});

test('every rival is in the saved results of what it takes part in', () => {
  for (const { scenario: name, rivals: saved } of readResults()) {
    const scenario = scenarios.find((candidate) => candidate.name === name) as Scenario;
    const expected = rivals.filter((rival) => takesPart(rival, scenario));
    expect(
      saved.map((rival) => rival.name),
      name,
    ).toEqual(expected.map((rival) => rival.name));
  }
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

function resultOf(better: Scenario['better'], values: Readonly<Record<string, readonly number[]>>): Result {
  const scenario = { ...(scenarios[0] as Scenario), better };
  const measured = Object.entries(values).map(([name, figures]): Measured => {
    const rival = rivals.find((candidate) => candidate.name === name);
    if (rival === undefined) throw new Error(`no rival ${name}`);
    return { rival, version: '1.0.0', samples: figures.map((value) => ({ value })) };
  });
  return makeResult(scenario, measured, { settings, machine, leftOut: {} });
}

function barWidths(svg: string): { name: string; width: number }[] {
  const bar = /text-anchor="end">([^<]+)<\/text>\n<rect [^>]*width="([\d.]+)"/g;
  return [...svg.matchAll(bar)].map(([, name = '', width]) => ({ name, width: Number(width) }));
}

/** Tags that are opened and never closed, or closed and never opened; text between them must be escaped. */
function openTags(svg: string): string[] {
  const open: string[] = [];
  for (const [, closes, name = '', rest = '', text = ''] of svg.matchAll(/<(\/?)([a-z]+)([^<>]*)>([^<]*)/g)) {
    if (closes === '/') {
      if (open.at(-1) === name) open.pop();
      else open.push(`/${name}`);
    } else if (!rest.endsWith('/')) open.push(name);
    if (/>|&(?!(amp|lt|gt|quot);)/.test(text)) open.push(`unescaped: ${text}`);
  }
  return open;
}
