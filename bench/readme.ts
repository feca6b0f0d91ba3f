// The table of the README, made of what is in results/: so it says what was measured, and nothing else.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatNumber, formatTable } from './format.js';
import type { Result } from './result.js';
import { findPackage } from './rivals/find-package.js';
import { scenarios } from './scenarios/index.js';

const block = /(<!-- made by npm run bench -->\n)[\s\S]*?(\n<!-- end -->)/;

/** Puts the table of the saved results into the README. */
export function updateReadme(): void {
  const path = join(findPackage('forkyard').folder, 'README.md');
  writeFileSync(path, withTable(readFileSync(path, 'utf8'), readResults()));
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
  const rivals = results[0]?.rivals ?? [];
  const header = ['', 'runs in', ...results.map(({ title }) => title)];
  const rows = rivals.map(({ name, version, runsIn }) => [
    [name, version].filter(Boolean).join(' '),
    runsIn,
    ...results.map((result) => cell(result, name)),
  ]);
  const { machine, trials, settings } = results[0] as Result;
  const loads = results.map((result) => result.machine.loadBefore);
  const conditions =
    `Medians of ${trials} trials, ${settings.workers} workers, Node ${machine.node}, ${machine.cpu}, ${machine.cpus} CPUs; ` +
    `load of the machine before: ${Math.min(...loads)} to ${Math.max(...loads)}, nice value: ${machine.nice}.`;
  return `${formatTable(header, rows)}\n\n${conditions}`;
}

function cell({ rivals, unit }: Result, name: string): string {
  const found = rivals.find((rival) => rival.name === name);
  return found === undefined ? '-' : `${formatNumber(found.median)} ${unit}`;
}
