// `npm run bench:communication`: queues and pipes beside Python's and the messages of child_process, in one run, by turns.
import { parseArgs } from 'node:util';
import { formatNumber, formatTable } from '../format.js';
import { type Figures, measureByTurns, medianOf, report } from '../sides.js';

interface Figure {
  readonly title: string;
  readonly isMoreBetter: boolean;
  /** Forkyard's own, and as a multiple of Python's. */
  readonly wanted?: number;
  readonly wantedTimes?: number;
}

const more = { isMoreBetter: true };
const less = { isMoreBetter: false };

/** What the sides measure. child_process has no queue: there it is messages from one process to another. */
const figures: Readonly<Record<string, Figure>> = {
  queueSmall: { title: 'Queue, 1 to 1, numbers/s', ...more, wanted: 600_000, wantedTimes: 3 },
  queueObjects: { title: 'Queue, 1 to 1, objects/s', ...more },
  queueBatches: { title: 'Queue, 1 to 1, numbers/s by putMany, getMany', ...more },
  queueTwoByTwo: { title: 'Queue, 2 to 2, numbers/s', ...more, wantedTimes: 2 },
  queueLoops: { title: 'Queue, 1 to 1, objects/s by event loops', ...more },
  queueLarge: { title: 'Queue, 1 to 1, 1 MiB items, GB/s', ...more, wanted: 2 },
  pipeTripUs: { title: 'Pipe, round trip, blocking, p50, µs', ...less, wanted: 10 },
  pipeLoopTripUs: { title: 'Pipe, round trip by event loops, p50, µs', ...less, wanted: 25 },
};

const sides = [
  { name: 'forkyard', command: process.execPath, program: 'forkyard.js' },
  { name: 'python', command: 'python3', program: 'python.py' },
  { name: 'child_process', command: process.execPath, program: 'child-process.js' },
];

const help = `npm run bench:communication -- [--trials N] [--scale N] [--no-save]

--trials N   of each side, by turns (default 5)
--scale N    how much each measures, 1 is about 15 s (default 1)
--no-save    leave bench/results/ as it is`;

const options = {
  trials: { type: 'string', default: '5' },
  scale: { type: 'string', default: '1' },
  save: { type: 'boolean', default: true },
  help: { type: 'boolean', default: false },
} as const;

const { values: settings } = parseArgs({ options, allowNegative: true });
if (settings.help) console.log(help);
else await main();

async function main(): Promise<void> {
  const trials = await measureByTurns(import.meta.url, sides, {
    trials: Number(settings.trials),
    args: [settings.scale],
  });
  const rows = Object.keys(figures).map((name) => row(name, trials.measured));
  const header = ['', 'Forkyard', 'Python', 'as good', 'child_process', 'as good', 'wanted', ''];
  report('communication', {
    title: 'Queues and pipes between processes',
    table: formatTable(header, rows, 1),
    trials,
    settings,
  });
}

function row(name: string, measured: readonly (readonly Figures[])[]): string[] {
  const { title, isMoreBetter, wanted, wantedTimes } = figures[name] as Figure;
  const [own, python, childProcess] = measured.map((trials) => medianOf(trials, name));
  if (own === undefined) throw new Error(`forkyard.ts does not measure ${name}`);
  const times = (other: number | undefined) =>
    other === undefined ? undefined : isMoreBetter ? own / other : other / own;
  const isEnough = wanted === undefined || (isMoreBetter ? own >= wanted : own <= wanted);
  const isBetter = wantedTimes === undefined || (times(python) ?? 0) >= wantedTimes;
  const targets = [
    wanted === undefined ? [] : `${isMoreBetter ? '>=' : '<='} ${formatNumber(wanted)}`,
    wantedTimes === undefined ? [] : `${wantedTimes} x Python`,
  ].flat();
  const verdict = targets.length === 0 ? '' : isEnough && isBetter ? 'met' : 'missed';
  return [
    title,
    formatNumber(own),
    ...[python, childProcess].flatMap((other) => [
      other === undefined ? '' : formatNumber(other),
      other === undefined ? '' : `${times(other)?.toFixed(1)} x`,
    ]),
    targets.join(', '),
    verdict,
  ];
}
