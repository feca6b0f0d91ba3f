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
}

export class UsageError extends Error {}

export const help = `Measures Forkyard against others, side by side.

npm run bench                              everything; writes bench/results/
npm run bench -- one-by-one                one scenario
npm run bench -- one-by-one piscina python a scenario and the rivals to run beside forkyard

Scenarios: ${scenarios.map(({ name }) => name).join(', ')}
Rivals:    ${rivals.map(({ name }) => name).join(', ')}

--trials N    trials per rival, each a fresh process (default 5)
--seconds N   how long a trial measures, where that is a choice (default 1.5); it warms up a third of it
--workers N   workers of each pool (default 2)
--no-save     leave bench/results/ as it is; so it is also if rivals were chosen
--help        this text`;

/** Undefined if only help is wanted. Throws `UsageError` for what it does not know. */
export function parseOptions(args: string[]): BenchOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const known = [...scenarios, ...rivals].map(({ name }) => name);
  const unknown = positionals.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    throw new UsageError(`'${unknown}' is neither a scenario nor a rival: ${known.join(', ')}`);
  }
  const chosenScenarios = scenarios.filter(({ name }) => positionals.includes(name));
  const chosenRivals = rivals.filter(({ name }) => positionals.includes(name));
  const measureMs = 1000 * positive('seconds', values.seconds);
  return {
    scenarios: chosenScenarios.length === 0 ? scenarios : chosenScenarios,
    rivals: chosenRivals.length === 0 ? rivals : withForkyard(chosenRivals),
    trials: positiveInteger('trials', values.trials),
    settings: { workers: positiveInteger('workers', values.workers), measureMs, warmUpMs: measureMs / 3 },
    save: !values['no-save'] && chosenRivals.length === 0,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        trials: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '1.5' },
        workers: { type: 'string', default: '2' },
        'no-save': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function withForkyard(chosen: readonly Rival[]): Rival[] {
  return rivals.filter((rival) => rival.name === 'forkyard' || chosen.includes(rival));
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
