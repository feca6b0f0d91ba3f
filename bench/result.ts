// From the samples of the trials to the result of a scenario, which is what is saved. As text it is report.ts.
import type { Machine } from './machine.js';
import type { Rival } from './rivals/rival.js';
import { median, type Sample, type Scenario, type Settings } from './scenario.js';

export interface RivalResult {
  readonly name: string;
  readonly version: string | undefined;
  readonly runsIn: Rival['runsIn'];
  readonly isPool: boolean;
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
  /** By name, the reason. */
  readonly leftOut: Readonly<Record<string, string>>;
}

export interface Measured {
  readonly rival: Rival;
  readonly version: string | undefined;
  readonly samples: readonly Sample[];
}

export function makeResult(
  scenario: Scenario,
  measured: readonly Measured[],
  about: Pick<Result, 'settings' | 'machine' | 'leftOut'>,
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
        isPool: rival.isPool,
        values,
        median: middle,
        least: Math.min(...values),
        most: Math.max(...values),
        details: medianDetails(samples),
        behindForkyard: better === 'higher' ? ownMedian / middle : middle / ownMedian,
      };
    }),
    leftOut: about.leftOut,
  };
}

/** The best of the rivals that match, Forkyard itself aside. */
export function best(result: Result, matches: (rival: RivalResult) => boolean): RivalResult | undefined {
  return result.rivals
    .filter((rival) => !rival.name.startsWith('forkyard') && matches(rival))
    .sort((a, b) => a.behindForkyard - b.behindForkyard)[0];
}

function medianDetails(samples: readonly Sample[]): Record<string, number> {
  const names = Object.keys(samples[0]?.details ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(samples.map(({ details }) => details?.[name] ?? Number.NaN))]),
  );
}
