// The command line of the benchmark: words choose scenarios and rivals, options say how long and how often.
import { parseArgs } from 'node:util';
import { rivals } from './rivals/index.js';
import type { Rival } from './rivals/rival.js';
import type { Scenario, Settings } from './scenario.js';
import { scenarios } from './scenarios/index.js';

export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
  readonly rivals: readonly Rival[];
  readonly trials: number;
  readonly settings: Settings;
  readonly save: boolean;
  /** One table at the end, instead of one per scenario. */
  readonly summaryOnly: boolean;
}

export class UsageError extends Error {}

const groups = [...new Set(scenarios.map(({ group }) => group))];
const quickRivals = [
  'forkyard',
  'forkyard-no-spin',
  'piscina',
  'poolifier',
  'worker_threads',
  'child_process',
  'python',
];

export const help = `Measures Forkyard against others, side by side.

npm run bench                         everything; writes bench/results/ and the README's table
npm run bench -- latency payload      scenarios, or groups of them
npm run bench -- latency piscina      a scenario and the rivals to run beside forkyard
npm run bench:quick                   what matters most, in two minutes; writes nothing

Scenarios, by their groups:
${groups.map((group) => `  ${group.padEnd(14)} ${namesIn(group).join(', ')}`).join('\n')}
Rivals:
  ${rivals.map(({ name }) => name).join(', ')}

--trials N    trials per rival, each a fresh process (default 3, quick 1)
--seconds N   how long a trial measures, where that is a choice (default 1, quick 0.4); it warms up
              for as long before, or three times as long
--workers N   workers of each pool (default 2)
--scale N     what sizes of inputs are multiplied with (default 1)
--quick       fewer scenarios and rivals, and a summary only
--no-save     leave bench/results/ as it is; so it is also if rivals were chosen, with --quick or another scale
--help        this text`;

/** Undefined if only help is wanted. Throws `UsageError` for what it does not know. */
export function parseOptions(args: string[]): BenchOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const unknown = positionals.find((word) => !isKnown(word));
  if (unknown !== undefined) {
    const known = [...new Set([...groups, ...[...scenarios, ...rivals].map(({ name }) => name)])];
    throw new UsageError(`'${unknown}' is neither a scenario nor a rival: ${known.join(', ')}`);
  }
  const { quick } = values;
  const measureMs = 1000 * positive('seconds', values.seconds ?? (quick ? '0.4' : '1'));
  const scale = positive('scale', values.scale);
  const chosenRivals = rivals.filter(({ name }) => positionals.includes(name));
  return {
    scenarios: chooseScenarios(positionals, quick),
    rivals: chooseRivals(chosenRivals, quick),
    trials: positiveInteger('trials', values.trials ?? (quick ? '1' : '3')),
    settings: {
      workers: positiveInteger('workers', values.workers),
      measureMs,
      // What is measured for a short time only must be warm at its beginning.
      warmUpMs: measureMs,
      scale,
    },
    save: !values['no-save'] && !quick && chosenRivals.length === 0 && scale === 1,
    summaryOnly: quick,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        trials: { type: 'string' },
        seconds: { type: 'string' },
        workers: { type: 'string', default: '2' },
        scale: { type: 'string', default: '1' },
        quick: { type: 'boolean', default: false },
        'no-save': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function isKnown(word: string): boolean {
  return groups.includes(word) || [...scenarios, ...rivals].some(({ name }) => name === word);
}

function namesIn(group: string): string[] {
  return scenarios.filter((scenario) => scenario.group === group).map(({ name }) => name);
}

function chooseScenarios(words: readonly string[], quick: boolean): readonly Scenario[] {
  const chosen = scenarios.filter(({ name, group }) => words.includes(name) || words.includes(group));
  if (chosen.length > 0) return chosen;
  return quick ? scenarios.filter(({ fullOnly }) => fullOnly === undefined) : scenarios;
}

function chooseRivals(chosen: readonly Rival[], quick: boolean): readonly Rival[] {
  if (chosen.length > 0) return rivals.filter((rival) => rival.name === 'forkyard' || chosen.includes(rival));
  return quick ? rivals.filter(({ name }) => quickRivals.includes(name)) : rivals;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity))
    throw new UsageError(`--${name} must be a number above 0, not '${text}'`);
  return value;
}

function positiveInteger(name: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new UsageError(`--${name} must be a whole number of at least 1, not '${text}'`);
  return Number(text);
}
