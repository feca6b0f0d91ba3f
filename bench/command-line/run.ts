// `npm run bench:cli`: `forkyard map` beside xargs, GNU parallel and a plain loop, over the same lines.
// The benchmark of the library is ../run.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatNumber, formatTable } from '../format.js';
import { describeMachine, type Machine } from '../machine.js';
import { findPackage } from '../rivals/find-package.js';
import { median } from '../scenario.js';
import { writeLog } from './input.js';
import { checkOutput, describeOutput, type Run, runRival } from './measure.js';
import { type CommandRival, commandRivals } from './rivals.js';

interface Measured {
  readonly rival: CommandRival;
  readonly runs: readonly Run[];
}

interface Settings {
  readonly lines: number;
  readonly trials: number;
  readonly workers: number;
  readonly save: boolean;
}

await main(readSettings());

async function main(settings: Settings): Promise<void> {
  const machine = describeMachine();
  const folder = mkdtempSync(join(tmpdir(), 'forkyard-bench-'));
  try {
    const input = join(folder, 'access.log');
    writeLog(input, settings.lines);
    const measured = await measureAll(
      commandRivals(input, settings.workers),
      settings,
      join(folder, 'output'),
    );
    const text = describe(measured, settings, machine);
    console.log(text);
    if (settings.save) save(text, { settings, machine, measured });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In turn, so that what else the machine does meets them all. */
async function measureAll(rivals: CommandRival[], { trials }: Settings, output: string): Promise<Measured[]> {
  const reference = rivals.at(-1) as CommandRival;
  await runRival(reference, output);
  const expected = await describeOutput(output);
  const runs = rivals.map((): Run[] => []);
  for (let trial = 1; trial <= trials; trial++) {
    for (const [index, rival] of rivals.entries()) {
      const run = await runRival(rival, output);
      await checkOutput(rival, output, expected);
      runs[index]?.push(run);
      console.error(`${trial}/${trials} ${rival.name}: ${run.seconds.toFixed(2)} s`);
    }
  }
  return rivals.map((rival, index) => ({ rival, runs: runs[index] as Run[] }));
}

function describe(
  measured: readonly Measured[],
  { lines, trials, workers }: Settings,
  machine: Machine,
): string {
  const own = median((measured[0] as Measured).runs.map(({ seconds }) => seconds));
  const rows = measured.map(({ rival, runs }) => {
    const seconds = median(runs.map((run) => run.seconds));
    const memory = Math.max(...runs.map((run) => run.rootPeakMb));
    const cpu = median(runs.map((run) => run.cpuSeconds));
    const ratio = `${(seconds / own).toFixed(2)} x`;
    return [
      rival.name,
      rival.note,
      formatNumber(lines / seconds),
      seconds.toFixed(2),
      cpu.toFixed(2),
      formatNumber(memory),
      ratio,
    ];
  });
  const header = ['', '', 'lines/s', 'seconds', 'CPU seconds', 'peak MB of the root', 'forkyard map is'];
  return [
    `### ${formatNumber(lines)} lines of an access log to JSON`,
    '',
    formatTable(header, rows),
    '',
    `Medians of ${trials} trials in turn, of memory the most; ${workers} workers; from a file to a file; start included. ` +
      `${machine.cpu}, ${machine.cpus} CPUs, ${machine.kernel}, Node ${machine.node}, commit ${machine.commit}, ` +
      `${machine.date.slice(0, 10)}; load before: ${machine.loadBefore}.`,
    '',
  ].join('\n');
}

function save(text: string, result: unknown): void {
  const path = join(findPackage('forkyard').folder, 'bench/results/command-line');
  writeFileSync(`${path}.md`, text);
  writeFileSync(`${path}.json`, `${JSON.stringify(result, null, 2)}\n`);
}

function readSettings(): Settings {
  const { values } = parseArgs({
    options: {
      lines: { type: 'string', default: '5000000' },
      trials: { type: 'string', default: '3' },
      workers: { type: 'string', default: '2' },
      'no-save': { type: 'boolean', default: false },
    },
  });
  const number = (name: 'lines' | 'trials' | 'workers'): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new Error(`--${name} must be a whole number of at least 1`);
  };
  const [lines, trials, workers] = [number('lines'), number('trials'), number('workers')];
  return { lines, trials, workers, save: !values['no-save'] };
}
