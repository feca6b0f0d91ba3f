// `npm run bench:sync`: a lock beside Python's, in one run, by turns: alone, between two processes, between eight.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { formatNumber, formatTable } from '../format.js';
import { describeMachine } from '../machine.js';
import { findPackage } from '../rivals/find-package.js';
import { median } from '../scenario.js';

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

type Figures = Readonly<Record<keyof typeof figures, number>>;

/** What only our side has: elements of a SharedArray beside those of a plain typed array, as a ratio of their times. */
const elements = {
  elementRatio: 'elements of a SharedArray, times those of a plain one',
  mixedElementRatio: 'the same in a function that sees both',
} as const;
const mostElementRatio = 1.2;

type OwnFigures = Figures & Readonly<Record<keyof typeof elements, number>>;

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
  const machine = describeMachine();
  const ours: OwnFigures[] = [];
  const theirs: Figures[] = [];
  for (let trial = 0; trial < Number(settings.trials); trial++) {
    ours.push((await measure(process.execPath, 'forkyard.js')) as OwnFigures);
    theirs.push(await measure('python3', 'python.py'));
  }
  const rows = (Object.keys(figures) as (keyof Figures)[]).map((name) => {
    const { title, isMoreBetter, wanted } = figures[name];
    const [own, python] = [ours, theirs].map((side) => median(side.map((one) => one[name]))) as [
      number,
      number,
    ];
    const ratio = isMoreBetter ? own / python : python / own;
    const verdict = wanted === undefined ? '' : ratio >= wanted ? 'met' : 'missed';
    const target = wanted === undefined ? '' : `${wanted.toFixed(2)} x`;
    return [title, formatNumber(own), formatNumber(python), `${ratio.toFixed(2)} x`, target, verdict];
  });
  for (const [name, title] of Object.entries(elements)) {
    const ratio = median(ours.map((one) => one[name as keyof typeof elements]));
    const verdict = ratio <= mostElementRatio ? 'met' : 'missed';
    rows.push([title, `${ratio.toFixed(2)} x`, '', '', `${mostElementRatio.toFixed(2)} x`, verdict]);
  }
  const table = formatTable(['', 'Forkyard', 'Python', 'as good', 'wanted', ''], rows, 1);
  const text = `### A lock between processes\n\n${table}\n\n${about(machine)}`;
  console.log(text);
  if (!settings.save) return;
  const path = join(findPackage('forkyard').folder, 'bench/results/sync');
  writeFileSync(`${path}.md`, `${text}\n`);
  writeFileSync(`${path}.json`, `${JSON.stringify({ settings, machine, ours, theirs }, null, 2)}\n`);
}

async function measure(command: string, program: string): Promise<Figures> {
  console.error(program);
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await promisify(execFile)(command, [path, settings.seconds]);
  return JSON.parse(stdout) as Figures;
}

function about(machine: ReturnType<typeof describeMachine>): string {
  return (
    `Medians of ${settings.trials} trials by turns. ${machine.cpu}, ${machine.cpus} CPUs, ${machine.kernel}, Node ${machine.node}, ` +
    `commit ${machine.commit}, ${machine.date.slice(0, 10)}; load before: ${machine.loadBefore}.`
  );
}
