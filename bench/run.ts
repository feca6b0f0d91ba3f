// `npm run bench`: every trial in a fresh process, the rivals in turn, so that what disturbs the machine disturbs all.
// What is measured is scenarios/, by whom rivals/, what is printed report.ts.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatNumber } from './format.js';
import { describeMachine } from './machine.js';
import { type BenchOptions, help, parseOptions, UsageError } from './options.js';
import { updateReadme } from './readme.js';
import { formatResult, formatSummary } from './report.js';
import { type Measured, makeResult, type Result } from './result.js';
import { findPackage } from './rivals/find-package.js';
import { isFor, type Rival, takesPart, whyLeftOut } from './rivals/rival.js';
import type { Sample, Scenario, Settings } from './scenario.js';

const runFile = promisify(execFile);

/** A trial takes seconds, on a busy machine a minute; after this long it hangs. */
const hungAfterMs = 180_000;

type Present = Pick<Measured, 'rival' | 'version'>;

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) return console.log(help);
  const present = await findPresent(options.rivals);
  const results: Result[] = [];
  for (const scenario of options.scenarios) {
    const result = await runScenario(scenario, present, options);
    results.push(result);
    if (!options.summaryOnly) console.log(`\n${formatResult(result)}`);
    if (options.save) save(result);
  }
  console.log(`\n${formatSummary(results)}`);
  if (options.save) updateReadme();
}

async function runScenario(
  scenario: Scenario,
  present: readonly Present[],
  options: BenchOptions,
): Promise<Result> {
  const { trials, settings } = options;
  const machine = describeMachine();
  const samples = new Map<Rival, Sample[]>();
  const taking = present.filter(({ rival }) => takesPart(rival, scenario));
  for (let trial = 0; trial < trials; trial++) {
    for (const { rival } of rotated(taking, trial)) {
      const sample = await runTrial(scenario, rival, settings);
      samples.set(rival, [...(samples.get(rival) ?? []), sample]);
      const figure = `${formatNumber(sample.value)} ${scenario.unit}`;
      console.error(`${scenario.name} ${trial + 1}/${trials} ${rival.name}: ${figure}`);
    }
  }
  const measured = taking.map(({ rival, version }): Measured => {
    return { rival, version, samples: samples.get(rival) ?? [] };
  });
  return makeResult(scenario, measured, { settings, machine, leftOut: reasonsOf(scenario, present) });
}

function reasonsOf(scenario: Scenario, present: readonly Present[]): Record<string, string> {
  const reasons = present
    .filter(({ rival }) => isFor(rival, scenario))
    .map(({ rival }) => [rival.name, whyLeftOut(rival, scenario)] as const);
  return Object.fromEntries(
    reasons.flatMap(([name, reason]) => (reason === undefined ? [] : [[name, reason]])),
  );
}

/** The rivals that are on this machine, with their versions. */
async function findPresent(rivals: readonly Rival[]): Promise<Present[]> {
  const present: Present[] = [];
  for (const rival of rivals) {
    try {
      present.push({ rival, version: await rival.version() });
    } catch (error) {
      console.error(`${rival.name} is left out: ${(error as Error).message}`);
    }
  }
  return present;
}

async function runTrial(scenario: Scenario, rival: Rival, settings: Settings): Promise<Sample> {
  const script = fileURLToPath(new URL('./trial.js', import.meta.url));
  const args = [script, scenario.name, rival.name, JSON.stringify(settings)];
  try {
    const { stdout } = await runFile(process.execPath, args, { timeout: hungAfterMs });
    return JSON.parse(stdout) as Sample;
  } catch (cause) {
    throw new Error(`the trial of ${rival.name} in ${scenario.name} failed`, { cause });
  }
}

/** Nobody is always the first, or always after the same one. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

function save(result: Result): void {
  const folder = join(findPackage('forkyard').folder, 'bench/results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${result.scenario}.md`), formatResult(result));
  writeFileSync(join(folder, `${result.scenario}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\nSee npm run bench -- --help`);
  process.exitCode = 2;
}
