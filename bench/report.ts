// From samples to a result, and from a result to a table. Writing files is run.ts.
import type { Machine } from './machine.js';
import type { Rival } from './rivals/rival.js';
import { median, type Sample, type Scenario, type Settings } from './scenario.js';

export interface RivalResult {
  readonly name: string;
  readonly version: string | undefined;
  readonly runsIn: Rival['runsIn'];
  readonly values: readonly number[];
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Medians. */
  readonly details: Readonly<Record<string, number>>;
  /** How many times better Forkyard's median is. */
  readonly behindForkyard: number;
}

export interface Result {
  readonly scenario: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly settings: Settings;
  readonly trials: number;
  readonly machine: Machine;
  readonly rivals: readonly RivalResult[];
}

export interface Measured {
  readonly rival: Rival;
  readonly version: string | undefined;
  readonly samples: readonly Sample[];
}

export function makeResult(
  scenario: Scenario,
  measured: readonly Measured[],
  about: { readonly settings: Settings; readonly machine: Machine },
): Result {
  const { name, title, unit, better } = scenario;
  const own = measured.find(({ rival }) => rival.name === 'forkyard');
  const ownMedian = own === undefined ? Number.NaN : median(own.samples.map(({ value }) => value));
  return {
    scenario: name,
    title,
    unit,
    better,
    settings: about.settings,
    trials: measured[0]?.samples.length ?? 0,
    machine: about.machine,
    rivals: measured.map(({ rival, version, samples }) => {
      const values = samples.map(({ value }) => value);
      const middle = median(values);
      return {
        name: rival.name,
        version,
        runsIn: rival.runsIn,
        values,
        median: middle,
        least: Math.min(...values),
        most: Math.max(...values),
        details: medianDetails(samples),
        behindForkyard: better === 'higher' ? ownMedian / middle : middle / ownMedian,
      };
    }),
  };
}

/** Markdown: a heading, the table, and a line on the conditions. */
export function formatResult(result: Result): string {
  const { title, unit, better, settings, trials, machine } = result;
  const detailNames = Object.keys(result.rivals[0]?.details ?? {});
  const header = ['rival', 'runs in', `median ${unit}`, 'least', 'most', ...detailNames, 'Forkyard is'];
  const rows = result.rivals.map((rival) => [
    [rival.name, rival.version].filter(Boolean).join(' '),
    rival.runsIn,
    ...[
      rival.median,
      rival.least,
      rival.most,
      ...detailNames.map((name) => rival.details[name] ?? Number.NaN),
    ].map(formatNumber),
    rival.name === 'forkyard' ? '' : `${rival.behindForkyard.toFixed(2)} x`,
  ]);
  return [
    `### ${title}`,
    '',
    formatTable(header, rows),
    '',
    `${settings.workers} workers, ${trials} trials of a fresh process each, in turn; ${better} is better. ` +
      `${machine.cpu}, ${machine.cpus} CPUs, ${machine.kernel}, Node ${machine.node}, commit ${machine.commit}, ` +
      `${machine.date.slice(0, 10)}; load before: ${machine.loadBefore}, nice value: ${machine.nice}.`,
    '',
  ].join('\n');
}

/** Three significant digits, thousands apart: `1 234 567` is hard to compare, `1 230 000` is not. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 3 }).replaceAll(',', ' ');
}

/** A Markdown table; the first two columns are words, the others numbers. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((cell, column) =>
    Math.max(cell.length, 3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}

function medianDetails(samples: readonly Sample[]): Record<string, number> {
  const names = Object.keys(samples[0]?.details ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(samples.map(({ details }) => details?.[name] ?? Number.NaN))]),
  );
}
