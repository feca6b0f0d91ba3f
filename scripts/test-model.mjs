// Checks every protocol model in models/ exhaustively with spin, and that each of its mutants fails.
// What the models say and leave out is in models/README.md; nothing here knows a protocol.

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runs } from './model-runs.mjs';

const modelsFolder = fileURLToPath(new URL('../models', import.meta.url));
const maxDepth = 100_000;
const memoryMebibytes = 3500;
const runMilliseconds = 20 * 60_000;

/** Assertions that must never be evaluated. Any other that a run does not reach was not put to the test: it fails. */
const forbidden = ['assert(0)'];

await main();

async function main() {
  await requireTool('spin', ['-V'], 'install the Debian package `spin` (apt-get install spin)');
  await requireTool('gcc', ['--version'], 'install the Debian package `gcc`');
  const only = process.argv[2];
  const chosen = runs.filter((run) => only === undefined || run.model === only);
  if (chosen.length === 0)
    stop(`no model named ${only}: ${[...new Set(runs.map((run) => run.model))].join(', ')}`);
  const jobs = chosen.flatMap((run) => [run, ...(run.mutants ?? []).map((mutant) => ({ ...run, mutant }))]);
  console.log(line('model', 'property', 'states', 'seconds', 'verdict'));
  const failures = [];
  const lane = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const result = await check(job);
      const name = job.mutant === undefined ? job.property : `must fail: ${job.mutant}`;
      console.log(line(job.model, name, result.states, result.seconds, result.verdict));
      if (!result.passed) failures.push({ name: `${job.model}: ${name}`, ...result });
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
  for (const failure of failures)
    console.error(`\n${failure.name}\n${failure.output.split('\nunreached in')[0]}`);
  if (failures.length > 0) stop(`${failures.length} of the model checks failed`);
  console.log('all models hold, all mutants fail');
}

async function check(job) {
  const folder = mkdtempSync(join(tmpdir(), 'forkyard-model-'));
  const began = performance.now();
  try {
    cpSync(modelsFolder, folder, { recursive: true });
    const output = await verify(job, folder);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    return { states: statesOf(output), seconds, output: output.trim(), ...judge(job, output, folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function verify({ model, defines, mutant, progress }, folder) {
  const allDefines = [...defines, ...(mutant === undefined ? [] : [`MUTANT_${mutant}`])].map(
    (name) => `-D${name}`,
  );
  // The mutants of a wake-up are found as assertions; only a busy loop needs the search for cycles.
  const searchCycles = progress === true && (mutant === undefined || mutant.startsWith('BUSY'));
  await mustRun('spin', [...allDefines, '-a', `${model}.pml`], folder);
  // Partial order reduction is off: it does not know that `provided` clauses make every step depend on the killer.
  const flags = [
    mutant === undefined ? '-O2' : '-O1',
    '-w',
    '-DNOREDUCE',
    '-DVECTORSZ=512',
    `-DMEMLIM=${memoryMebibytes}`,
  ];
  await mustRun('gcc', [...flags, searchCycles ? '-DNP' : '-DSAFETY', '-o', 'pan', 'pan.c'], folder);
  // -E: a killed process stops anywhere; what a good end is, the model's own quiet check says.
  const search = ['-E', `-m${maxDepth}`, '-w24', ...(searchCycles ? ['-l'] : [])];
  const { text } = await run(join(folder, 'pan'), search, folder);
  return text;
}

function judge({ mutant }, output, folder) {
  const errors = Number(/errors: (\d+)/.exec(output)?.[1] ?? Number.NaN);
  const violated = /^pan:\d+: ((?:assertion violated|non-progress cycle).*)/m.exec(output)?.[1];
  if (mutant !== undefined) {
    const found = errors > 0 && violated !== undefined;
    return { passed: found, verdict: found ? 'fails, as it must' : 'PASSES: the check is blind' };
  }
  if (violated !== undefined) return { passed: false, verdict: `VIOLATED: ${violated}` };
  if (/truncated|max search depth too small|Search not completed|out of memory|memory limit/i.test(output)) {
    return { passed: false, verdict: 'NOT EXHAUSTIVE' };
  }
  if (errors !== 0 || !/Full statespace search/.test(output)) return { passed: false, verdict: 'NO RESULT' };
  const untested = untestedAssertions(output, readFileSync(join(folder, 'pan.m'), 'utf8'));
  if (untested.length > 0) return { passed: false, verdict: `NEVER EVALUATED: ${untested.join('; ')}` };
  return { passed: true, verdict: 'holds' };
}

/** Source lines with an assertion of which every compiled copy is in pan's list of unreached code. */
function untestedAssertions(output, code) {
  const count = (matches) => {
    const counts = new Map();
    for (const [, place, text] of matches) {
      if (!forbidden.includes(text)) counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    return counts;
  };
  const missed = count(output.matchAll(/^\t(\S+:\d+), state \d+, "(assert\(.*\))"$/gm));
  const compiled = count(code.matchAll(/^\s*case \d+: \/\/ STATE \d+ - (\S+:\d+) - \[(assert\(.*\))\] \(/gm));
  if (compiled.size === 0) return ['no assertion at all'];
  return [...missed].filter(([place, times]) => times >= compiled.get(place)).map(([place]) => place);
}

function statesOf(output) {
  const states = Number(/^\s*([\d.e+]+) states, stored/m.exec(output)?.[1] ?? 0);
  return states.toLocaleString('en');
}

async function mustRun(command, args, cwd) {
  const { text, code } = await run(command, args, cwd);
  if (code !== 0 || /error:/i.test(text)) stop(`${command} ${args.join(' ')} failed:\n${text}`);
}

function run(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: runMilliseconds });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (data) => (text += data));
    child.on('error', reject).on('close', (code) => resolve({ text, code }));
  });
}

async function requireTool(command, args, remedy) {
  await run(command, args).catch(() => stop(`\`${command}\` is needed to check the models: ${remedy}`));
}

function line(model, property, states, seconds, verdict) {
  return `${model.padEnd(11)} ${property.padEnd(48)} ${states.padStart(12)} ${seconds.padStart(8)}  ${verdict}`;
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
