// `npm run demo`: real files, all cores, and a table of what that gained. The work on a file is tasks.ts.
import { existsSync, statSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuCount } from 'forkyard';
import { checkSample, differences } from './check.js';
import { help, parseOptions, UsageError } from './options.js';
import { balanceTable, comparisonTable, megabytes, totals } from './report.js';
import { runInParallel, runSerially } from './runs.js';
import { type Selection, selectFiles } from './select.js';

const maxBytes = 120e6;
const sampleSize = 25;

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(help);
    return 0;
  }
  const folder = findFolder(options.folder);
  const selection = selectFiles(folder, { files: options.files, bytes: maxBytes });
  if (selection.files.length === 0) throw new UsageError(`there is no file to work on in ${folder}`);
  console.log(describe(folder, selection));

  const serial = runSerially(selection);
  const parallel = await runInParallel(selection, options.workers ?? cpuCount());

  console.log(`\n${comparisonTable(selection, serial, parallel)}`);
  console.log(`\n${balanceTable(parallel)}\n`);
  console.log(
    `First result of the pool after ${parallel.firstAfter.toFixed(2)} s, the start of the workers included`,
  );
  console.log(totals(parallel.facts));
  const different = differences(serial.facts, parallel.facts);
  const { checked, wrong } = await checkSample(parallel.facts, sampleSize);
  for (const line of [...different, ...wrong].slice(0, 20)) console.error(line);
  console.log(`serial and parallel: ${different.length === 0 ? 'equal in every file' : 'NOT EQUAL'}`);
  console.log(`sha256sum on ${checked} files at random: ${wrong.length === 0 ? 'agrees' : 'DISAGREES'}`);
  return different.length + wrong.length === 0 ? 0 : 1;
}

function findFolder(given: string | undefined): string {
  const folder =
    given === undefined
      ? fileURLToPath(new URL('node_modules', import.meta.resolve('forkyard/package.json')))
      : resolve(given);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new UsageError(`${folder} is no folder`);
  return folder;
}

function describe(
  folder: string,
  { files, bytes, found, foundBytes, tooLarge, unreadable }: Selection,
): string {
  const all = `${found} files, ${megabytes(foundBytes)} MB`;
  const lines = [`${folder}: ${all}`];
  if (files.length < found)
    lines.push(`Selected, always the same: ${files.length} files, ${megabytes(bytes)} MB`);
  if (tooLarge > 0) lines.push(`Left out, as one of them alone would take too long: ${tooLarge} files`);
  if (unreadable > 0) lines.push(`Not readable, so left out: ${unreadable} files`);
  const load = loadavg()[0] as number;
  if (load > availableParallelism() / 2) {
    lines.push(
      `Load ${load.toFixed(1)}: other programs use the CPUs as well, so the pool will gain less than it could`,
    );
  }
  lines.push(
    `Largest ${megabytes(files[0]?.bytes ?? 0)} MB, median ${files[files.length >> 1]?.bytes ?? 0} bytes`,
  );
  return lines.join('\n');
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\nSee npm run demo -- --help`);
  process.exitCode = 2;
}
