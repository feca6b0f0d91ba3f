// The table and the chart of the README, made of what is in results/: so they say what was measured, and nothing else.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawChart } from './chart.js';
import { formatTable } from './format.js';
import { conditionsOf, figureOf, forkyardOf, formatRatio } from './report.js';
import { best, type Result } from './result.js';
import { findPackage } from './rivals/find-package.js';
import { scenarios } from './scenarios/index.js';

export const chartPath = 'bench/results/overview.svg';

const block = /(<!-- made by npm run bench -->\n)[\s\S]*?(\n<!-- end -->)/;

/** Puts the table of the saved results into the README, and draws their chart. */
export function updateReadme(): void {
  const { folder } = findPackage('forkyard');
  const path = join(folder, 'README.md');
  const results = readResults();
  writeFileSync(path, withTable(readFileSync(path, 'utf8'), results));
  writeFileSync(join(folder, chartPath), drawChart(results));
}

/** The README's text with this table in its place. Throws if it has none. */
export function withTable(readme: string, results: readonly Result[]): string {
  if (!block.test(readme)) throw new Error('README.md has no place for the table of the benchmark');
  return readme.replace(block, (_, start: string, end: string) => `${start}${summarise(results)}${end}`);
}

/** Those of all scenarios that were saved, in their order. */
export function readResults(): Result[] {
  const folder = join(findPackage('forkyard').folder, 'bench/results');
  return scenarios
    .map(({ name }) => join(folder, `${name}.json`))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')) as Result);
}

function summarise(results: readonly Result[]): string {
  const header = ['', 'Forkyard', 'best other pool', "Python's Pool", 'Forkyard is'];
  const rows = results.map((result) => {
    const rival = best(result, ({ isPool }) => isPool);
    const python = result.rivals.find(({ name }) => name === 'python');
    return [
      result.title,
      figureOf(result, forkyardOf(result)),
      rival === undefined ? '-' : `${rival.name}: ${figureOf(result, rival)}`,
      figureOf(result, python),
      rival === undefined ? '-' : formatRatio(rival),
    ];
  });
  return [
    formatTable(header, rows, 1),
    '',
    '"Forkyard is" so many times as good as the best other pool, in threads or in processes.',
    conditionsOf(results),
    'All rivals, spreads and details are in [bench/results/](bench/results).',
    '',
    `![How others compare with Forkyard, scenario by scenario](${chartPath})`,
  ].join('\n');
}
