// From the text of an option to its value: numbers, durations, CPUs, or the reason why it is none.
// Which options there are is said by each command.
import { InvalidArgumentError } from 'commander';
import { parseCpuList } from '../system/cpu-list.js';
import type { CpuSpec } from '../system/resolve-cpus.js';

const unitMs: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
// What a timer of Node can wait for.
const maxDurationMs = 2 ** 31 - 1;
// Stricter than the parser, which takes what it knows out of any text.
const cpuList = /^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*$/;

/** A parser for whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** Milliseconds: `500`, `500ms`, `5s`, `1.5m`, `1h`. */
export function duration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|)$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * (unitMs[unit ?? ''] ?? Number.NaN));
  if (ms >= 1 && ms <= maxDurationMs) return ms;
  throw new InvalidArgumentError('It must be a time like 500ms, 5s or 2m, of 1 ms to 24 days.');
}

/** `0-3,5`, `spread` or `compact`. */
export function cpus(text: string): CpuSpec {
  if (text === 'spread' || text === 'compact') return text;
  const list = cpuList.test(text) ? parseCpuList(text) : [];
  if (list.length > 0) return list;
  throw new InvalidArgumentError("It must be a list of CPUs like 0-3,5, or 'spread' or 'compact'.");
}
