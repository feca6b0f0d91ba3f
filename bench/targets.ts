// What is wanted of Forkyard's figures. A target looks at the result of one scenario, so it can name rivals.
import { formatNumber } from './format.js';
import { best, type Result, type RivalResult } from './result.js';

export interface Target {
  readonly text: string;
  /** The figure in question, and whether it will do; undefined if those who are compared were not measured. */
  check(result: Result): Verdict | undefined;
}

export interface Verdict {
  readonly figure: string;
  readonly isMet: boolean;
}

/** Of a scenario where more is better. */
export function atLeast(least: number): Target {
  return ofOwn(`at least ${formatNumber(least)}`, (value) => value >= least);
}

/** Of a scenario where less is better. */
export function atMost(most: number): Target {
  return ofOwn(`at most ${formatNumber(most)}`, (value) => value <= most);
}

/** Of one of the details, where less is better. */
export function detailAtMost(name: string, most: number): Target {
  const text = `${name} at most ${formatNumber(most)}`;
  return ofDetail(name, text, (_, detail) => ({ figure: formatNumber(detail), isMet: detail <= most }));
}

/** Of a scenario where less is better: so many times one of its details at most. */
export function atMostTimes(name: string, factor: number): Target {
  return ofDetail(name, `at most ${formatNumber(factor)} x ${name}`, (median, detail) => ({
    figure: `${formatNumber(median / detail)} x`,
    isMet: median <= factor * detail,
  }));
}

/** So many times better than a rival, in the scenario's own direction. */
export function timesRival(name: string, factor: number): Target {
  return againstOne(asGoodAs(factor, name), factor, ({ rivals }) =>
    rivals.find((rival) => rival.name === name),
  );
}

/** So many times better than the best of all other pools. */
export function timesBestPool(factor: number): Target {
  return againstOne(asGoodAs(factor, 'the best other pool'), factor, (result) =>
    best(result, ({ isPool }) => isPool),
  );
}

/** So many times better than the best of the other pools whose workers are processes. */
export function timesBestProcessPool(factor: number): Target {
  return againstOne(asGoodAs(factor, 'the best pool of processes'), factor, (result) =>
    best(result, ({ isPool, runsIn }) => isPool && runsIn === 'processes'),
  );
}

/** So many times better than the best of all rivals. */
export function timesBest(factor: number): Target {
  return againstOne(asGoodAs(factor, 'the best'), factor, (result) => best(result, () => true));
}

/** Of one of the details, where less is better: not above that of the best other pool. */
export function bestInFigure(name: string): Target {
  const text = `${name} not above the best other pool's`;
  return {
    text,
    check({ rivals }) {
      const own = rivals.find((rival) => rival.name === 'forkyard')?.details[name];
      const others = rivals.filter((rival) => rival.isPool && !rival.name.startsWith('forkyard'));
      const least = Math.min(...others.map(({ details }) => details[name] ?? Number.POSITIVE_INFINITY));
      if (own === undefined || !Number.isFinite(least)) return undefined;
      return { figure: `${formatNumber(own)}, theirs ${formatNumber(least)}`, isMet: own <= least };
    },
  };
}

function ofOwn(text: string, suffices: (value: number) => boolean): Target {
  return {
    text,
    check({ rivals, unit }) {
      const own = rivals.find(({ name }) => name === 'forkyard');
      if (own === undefined) return undefined;
      return { figure: `${formatNumber(own.median)} ${unit}`, isMet: suffices(own.median) };
    },
  };
}

function ofDetail(name: string, text: string, judge: (median: number, detail: number) => Verdict): Target {
  return {
    text,
    check({ rivals }) {
      const own = rivals.find((rival) => rival.name === 'forkyard');
      const detail = own?.details[name];
      return own === undefined || detail === undefined ? undefined : judge(own.median, detail);
    },
  };
}

function againstOne(text: string, factor: number, find: (result: Result) => RivalResult | undefined): Target {
  return {
    text,
    check(result) {
      const rival = find(result);
      if (rival === undefined || !Number.isFinite(rival.behindForkyard)) return undefined;
      const figure = `${formatNumber(rival.behindForkyard)} x ${rival.name}`;
      return { figure, isMet: rival.behindForkyard >= factor };
    },
  };
}

function asGoodAs(factor: number, whom: string): string {
  return factor === 1 ? `at least as good as ${whom}` : `${formatNumber(factor)} times as good as ${whom}`;
}
