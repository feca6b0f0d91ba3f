// `npm run bench:sync`: a lock beside Python's, in one run, by turns: alone, between two processes, between eight.
import { parseArgs } from 'node:util';
import { formatNumber, formatTable } from '../format.js';
import { type Figures, measureByTurns, medianOf, report } from '../sides.js';

/** What both sides measure: its name for people, and whether more is better. */
const figures = {
  acquireNs: { title: 'acquire and release, ns', isMoreBetter: false, wanted: 1 / 1.2 },
  scopedNs: { title: 'runSync, Python: with, ns', isMoreBetter: false, wanted: 2 },
  incrementNs: { title: 'increment under the lock, ns', isMoreBetter: false, wanted: 5 },
  addNs: { title: 'Value.add, Python: its increment under the lock, ns', isMoreBetter: false, wanted: 20 },
  valueIncrementNs: { title: 'increment of a Value under its own lock, ns', isMoreBetter: false, wanted: 5 },
  acquiredPerSecond: { title: '2 processes: acquired a second', isMoreBetter: true, wanted: undefined },
  handOversPerSecond: { title: '2 processes: handed over a second', isMoreBetter: true, wanted: 2 },
  longestWaitMs: { title: '8 processes: longest wait, ms', isMoreBetter: false, wanted: undefined },
} as const;

/** What only our side has: elements of a SharedArray beside those of a plain typed array, as a ratio of their times. */
const elements = {
  elementRatio: 'elements of a SharedArray, times those of a plain one',
  mixedElementRatio: 'the same in a function that sees both',
} as const;
const mostElementRatio = 1.2;

const help = `npm run bench:sync -- [--trials N] [--seconds N] [--no-save]

--trials N    of each side, by turns (default 5)
--seconds N   how long processes contend in each (default 1)
--no-save     leave bench/results/ as it is`;

const options = {
  trials: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '1' },
  save: { type: 'boolean', default: true },
  help: { type: 'boolean', default: false },
} as const;

const { values: settings } = parseArgs({ options, allowNegative: true });
if (settings.help) console.log(help);
else await main();

async function main(): Promise<void> {
  const sides = [
    { name: 'forkyard', command: process.execPath, program: 'forkyard.js' },
    { name: 'python', command: 'python3', program: 'python.py' },
  ];
  const trials = await measureByTurns(import.meta.url, sides, {
    trials: Number(settings.trials),
    args: [settings.seconds],
  });
  const [ours, theirs] = trials.measured as [readonly Figures[], readonly Figures[]];
  const rows = Object.entries(figures).map(([name, { title, isMoreBetter, wanted }]) => {
    const [own, python] = [medianOf(ours, name) as number, medianOf(theirs, name) as number];
    const ratio = isMoreBetter ? own / python : python / own;
    const verdict = wanted === undefined ? '' : ratio >= wanted ? 'met' : 'missed';
    const target = wanted === undefined ? '' : `${wanted.toFixed(2)} x`;
    return [title, formatNumber(own), formatNumber(python), `${ratio.toFixed(2)} x`, target, verdict];
  });
  for (const [name, title] of Object.entries(elements)) {
    const ratio = medianOf(ours, name) as number;
    const verdict = ratio <= mostElementRatio ? 'met' : 'missed';
    rows.push([title, `${ratio.toFixed(2)} x`, '', '', `${mostElementRatio.toFixed(2)} x`, verdict]);
  }
  const table = formatTable(['', 'Forkyard', 'Python', 'as good', 'wanted', ''], rows, 1);
  report('sync', { title: 'A lock between processes', table, trials, settings });
}
