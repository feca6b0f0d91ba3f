// Results as text: the report of a scenario, and a summary of many. Writing files is run.ts.
import { formatNumber, formatTable } from './format.js';
import { best, type Result, type RivalResult } from './result.js';
import type { Scenario } from './scenario.js';
import { scenarios } from './scenarios/index.js';

const noVerdict = { text: '', figure: '', word: '' };

/** Markdown: a heading, the table, what was wanted, who was left out, and a line on the conditions. */
export function formatResult(result: Result): string {
  const { title, better, settings, trials, machine } = result;
  return [
    `### ${title}`,
    '',
    tableOf(result),
    '',
    ...listed(verdictsOf(result).map(({ text, figure, word }) => `- Wanted: ${text}. ${word}: ${figure}.`)),
    ...listed(reasonsOf(result).map(([reason, names]) => `- Left out: ${names.join(', ')}: ${reason}.`)),
    `${settings.workers} workers, ${countOf([trials])} of a fresh process each, in turn; ${better} is better. ` +
      `${machine.cpu}, ${machine.cpus} CPUs, ${machine.kernel}, Node ${machine.node}, commit ${machine.commit}, ` +
      `${machine.date.slice(0, 10)}; load before: ${machine.loadBefore}, nice value: ${machine.nice}.`,
    '',
  ].join('\n');
}

/** A row per scenario, with the best other pool and what was wanted; a row more for each further target. */
export function formatSummary(results: readonly Result[]): string {
  const rows = results.flatMap((result) => {
    const rival = best(result, ({ isPool }) => isPool);
    const [first = noVerdict, ...others] = verdictsOf(result);
    const figures = [
      result.scenario,
      figureOf(result, forkyardOf(result)),
      rival === undefined ? '-' : `${rival.name}: ${figureOf(result, rival)}`,
      rival === undefined ? '-' : formatRatio(rival),
    ];
    return [
      [...figures, first.text, first.figure, first.word],
      ...others.map(({ text, figure, word }) => ['', '', '', '', text, figure, word]),
    ];
  });
  const header = ['scenario', 'Forkyard', 'best other pool', 'Forkyard is', 'wanted', 'reached', ''];
  return formatTable(header, rows, header.length);
}

/** One line on what the figures of several scenarios were made of. */
export function conditionsOf(results: readonly Result[]): string {
  const [first] = results;
  if (first === undefined) return 'Nothing has been measured.';
  const { machine, settings } = first;
  return (
    `Medians of ${countOf(results.map(({ trials }) => trials))}, ${settings.workers} workers, Node ${machine.node}, ` +
    `${machine.cpu}, ${machine.cpus} CPUs; load of the machine before: ` +
    `${rangeOf(results.map((result) => result.machine.loadBefore))}, nice value: ${machine.nice}.`
  );
}

export function figureOf({ unit }: Result, rival: RivalResult | undefined): string {
  return rival === undefined ? '-' : `${formatNumber(rival.median)} ${unit}`;
}

export function forkyardOf({ rivals }: Result): RivalResult | undefined {
  return rivals.find(({ name }) => name === 'forkyard');
}

/** A target whose rivals were not measured has no verdict. */
function verdictsOf(result: Result): (typeof noVerdict)[] {
  const { targets = [] } =
    scenarios.find(({ name }) => name === result.scenario) ?? ({} as Partial<Scenario>);
  return targets.flatMap(({ text, check }) => {
    const verdict = check(result);
    return verdict === undefined
      ? []
      : [{ text, figure: verdict.figure, word: verdict.isMet ? 'Met' : 'Missed' }];
  });
}

/** Each reason with those whom it keeps out. */
function reasonsOf({ leftOut }: Result): [string, string[]][] {
  const names = new Map<string, string[]>();
  for (const [name, reason] of Object.entries(leftOut))
    names.set(reason, [...(names.get(reason) ?? []), name]);
  return [...names];
}

function tableOf(result: Result): string {
  const detailNames = Object.keys(result.rivals[0]?.details ?? {});
  const header = [
    'rival',
    'runs in',
    `median ${result.unit}`,
    'least',
    'most',
    ...detailNames,
    'Forkyard is',
  ];
  const rows = result.rivals.map((rival) => [
    [rival.name, rival.version].filter(Boolean).join(' '),
    rival.runsIn,
    ...[
      rival.median,
      rival.least,
      rival.most,
      ...detailNames.map((name) => rival.details[name] ?? Number.NaN),
    ].map(formatNumber),
    rival.name === 'forkyard' ? '' : formatRatio(rival),
  ]);
  return formatTable(header, rows);
}

export function formatRatio({ behindForkyard }: RivalResult): string {
  return Number.isFinite(behindForkyard) ? `${behindForkyard.toFixed(2)} x` : '-';
}

function countOf(trials: readonly number[]): string {
  return `${rangeOf(trials)} ${Math.max(...trials) === 1 ? 'trial' : 'trials'}`;
}

function rangeOf(numbers: readonly number[]): string {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return least === most ? String(least) : `${least} to ${most}`;
}

function listed(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [...lines, ''];
}
