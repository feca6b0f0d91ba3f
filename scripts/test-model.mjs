// Checks every protocol model in models/ exhaustively with spin, and that each of its mutants fails.
// What the models say and leave out is in models/README.md; nothing here knows a protocol.

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const modelsFolder = fileURLToPath(new URL('../models', import.meta.url));
const maxDepth = 100_000;
const memoryMebibytes = 3500;
const runMilliseconds = 20 * 60_000;

/**
 * One entry per verifier. `progress` looks for endless runs as well (no cycle at all may exist, so every run ends in
 * the quiet state that the model checks); without it only assertions are checked, in half the time.
 */
const runs = [
  {
    model: 'references',
    property: 'exact counts, span reuse, every run ends',
    defines: ['STEPS_OF_NEWCOMER=2'],
    progress: true,
    mutants: ['NO_HELP', 'DONE_FIRST', 'OP_FIRST', 'SEQ_RESET', 'NO_HELP_BEFORE_REUSE'],
  },
  {
    model: 'references',
    property: 'exact counts: 2 objects',
    defines: ['OBJECTS=2', 'STEPS_OF_OWNER=3', 'STEPS_OF_OTHERS=1'],
  },
  {
    model: 'references',
    property: 'exact counts: 3 slots, late helpers',
    defines: ['SLOTS=3', 'STEPS_OF_OTHERS=1', 'NEWCOMERS=0', 'KILLS=1'],
    mutants: ['PLAIN_MAX'],
  },
  {
    model: 'ring',
    property: 'FIFO, no lost wake-up, every run ends',
    defines: ['CELLS=0', 'PRODUCERS=2', 'KILLS=1', 'STOPS=1', 'REAPER_KILLS=0'],
    progress: true,
    mutants: ['NO_RECHECK', 'NO_SPACE_RECHECK', 'SHARED_FLAG', 'BUSY'],
  },
  {
    model: 'ring',
    property: 'references released once, every run ends',
    defines: ['KILLS=2', 'STOPS=0'],
    progress: true,
    mutants: ['CELL_AFTER_TAIL', 'NO_RESERVED', 'CLEAN_BEFORE_CLOSED', 'CLOSE_BY_LOOKING'],
  },
  {
    model: 'ring',
    property: 'references released once: 2 records in flight',
    defines: ['KILLS=2', 'STOPS=0', 'CAPACITY=2', 'RECORDS=3'],
  },
  {
    model: 'allocator',
    property: 'quota and spans agree: slot reuse',
    defines: ['STEPS=1'],
    mutants: ['OWNED_TAILS'],
  },
  {
    model: 'allocator',
    property: 'quota and spans agree: 3 deaths',
    defines: ['STEPS=1', 'NEWCOMERS=0', 'KILLS=3'],
  },
  {
    model: 'allocator',
    property: 'quota and spans agree: claim, collide, return',
    defines: ['STEPS=2', 'NEWCOMERS=0', 'KILLS=1'],
    mutants: ['NO_HELP', 'SEQ_BEFORE_OP', 'UNDO_IS_RETURN', 'HEAD_FIRST'],
  },
  {
    model: 'reaper',
    property: 'one sweep a life, none stuck, every run ends',
    defines: [],
    progress: true,
    mutants: ['TOKEN_FIRST', 'NO_REAPER_GENERATION', 'CLAIM_WITHOUT_LOCK'],
  },
  { model: 'reaper', property: 'one sweep a life: dead children', defines: ['MEMBERS=2', 'KILLS=3'] },
  {
    model: 'reaper',
    property: 'one sweep a life: slots used again',
    defines: ['KILLS=3', 'RESERVATIONS=2'],
  },
  {
    model: 'lock',
    property: 'one owner, no lost wake-up, no starvation',
    defines: ['KILLS=0', 'ROUNDS=1'],
    mutants: ['NO_RECHECK', 'LEAVE_SILENTLY'],
  },
  {
    model: 'lock',
    property: 'the same, taken twice, without impatience',
    defines: ['KILLS=0', 'FAIR=0', 'OTHERS_ROUNDS=1'],
    mutants: ['NO_SECOND_SCAN', 'WAKE_WHO_WAS_FOUND'],
  },
  {
    model: 'lock',
    property: 'the same with a death and a stop',
    defines: ['MEMBERS=2', 'KILLS=1', 'STOPS=1'],
    mutants: ['SILENT_RECOVERY'],
  },
  {
    model: 'condition',
    property: 'no notification lost, nor with a death',
    defines: [],
    mutants: ['DROP_GRANTS', 'FORGET_BY_STORE', 'LEAVE_BY_STORE', 'WISH_LAST'],
  },
  {
    model: 'condition',
    property: 'the same, and the reaper dies',
    defines: ['REAPER_KILLS=1'],
  },
  {
    model: 'barrier',
    property: 'one verdict a generation: two that reset',
    defines: ['MEMBERS=2', 'KILLS=0', 'LEAVES=0', 'LAST_ROUNDS=2'],
    mutants: ['MARK_BY_STORE', 'MARK_WHAT_IS_OVER'],
  },
  {
    model: 'barrier',
    property: 'the same, one of three gives up',
    defines: ['KILLS=0', 'RESETTERS=1', 'ROUNDS=1'],
    mutants: ['RESET_WITHOUT_MARKS', 'ARRIVE_FIRST'],
  },
  {
    model: 'barrier',
    property: 'the same with a death',
    defines: ['RESETS=0', 'RESETTERS=1', 'LEAVES=0'],
    mutants: ['DEAD_PARTY'],
  },
  {
    model: 'event',
    property: 'who waits misses no set()',
    defines: ['KILLS=0'],
    mutants: ['FLAG_ONLY', 'HINT_FIRST', 'CLEAR_LAST'],
  },
  {
    model: 'event',
    property: 'the same, one that sets it dies',
    defines: ['WAITS=1'],
  },
  {
    model: 'queue',
    property: 'each item once, exact accounts: 2 put, 2 get',
    defines: ['MAX=1', 'CAPACITY=2'],
    progress: true,
    mutants: [
      'COUNT_BEFORE_LOG',
      'COMMIT_FIRST',
      'NO_UNDO',
      'NO_LOG',
      'SWEEP_UNLOCKS_FIRST',
      'LOST_FIRST',
      'BUSY_BY_COUNTS',
    ],
  },
  {
    model: 'queue',
    property: 'the same, 2 deaths, skip records, slot reuse',
    defines: ['PRODUCERS=1', 'CONSUMERS=1', 'ITEMS=3', 'CAPACITY=2', 'SKIPS=1', 'KILLS=2', 'NEWCOMERS=1'],
    progress: true,
    mutants: ['TAIL_ONLY', 'DONE_IS_GOT', 'SKIP_AFTER_LOG', 'SKIP_NOT_FINISHED'],
  },
  {
    model: 'queue',
    property: 'references released once: 2 put',
    defines: ['CONSUMERS=1', 'REFERENCES=1', 'KILLS=2'],
    progress: true,
    mutants: ['CELL_AFTER_TAIL', 'NO_ATTACHING', 'HEAD_FIRST', 'DROP_BY_POSITION', 'SWEEP_BEFORE_INTENT'],
  },
  {
    model: 'queue',
    property: 'references released once: slot reuse',
    defines: ['PRODUCERS=1', 'CONSUMERS=1', 'ITEMS=2', 'REFERENCES=1', 'KILLS=2', 'NEWCOMERS=1'],
  },
  {
    model: 'queue',
    property: 'no lost wake-up: 2 get, one gives up',
    defines: ['PRODUCERS=1', 'ITEMS=2', 'BELLS=1', 'IMPATIENT=1', 'KILLS=0', 'REAPER_KILLS=0'],
    mutants: [
      'NO_RECHECK',
      'EMPTY_WITHOUT_LOOK',
      'NO_ITEM_PASSED_ON',
      'LEAVE_SILENTLY',
      'TAKES_A_WAKE_UP_ALONG',
    ],
  },
  {
    model: 'queue',
    property: 'no lost wake-up: 2 put, one gives up',
    defines: [
      'CONSUMERS=1',
      'ITEMS=2',
      'LAST_ITEMS=1',
      'BELLS=1',
      'IMPATIENT=1',
      'KILLS=0',
      'REAPER_KILLS=0',
    ],
    mutants: ['NO_SPACE_RECHECK', 'FULL_WITHOUT_LOOK', 'NO_ROOM_PASSED_ON'],
  },
  {
    model: 'queue',
    property: 'closing leaves no item and no sleeper: 2 get',
    defines: ['PRODUCERS=1', 'ITEMS=2', 'BELLS=1', 'CLOSE=1', 'KILLS=0', 'REAPER_KILLS=0'],
    mutants: ['CLOSED_LAST'],
  },
  {
    model: 'queue',
    property: 'closing leaves no item and no sleeper: 2 put',
    defines: ['CONSUMERS=1', 'ITEMS=2', 'LAST_ITEMS=1', 'BELLS=1', 'CLOSE=1', 'KILLS=0', 'REAPER_KILLS=0'],
    mutants: ['PUTTER_FORGOTTEN', 'PUTTER_FIRST', 'CLOSED_SILENTLY'],
  },
  {
    model: 'queue',
    property: 'none sleeps for ever: a death, a stop: 2 get',
    defines: ['PRODUCERS=1', 'BELLS=1', 'STOPS=1', 'REAPER_KILLS=0'],
  },
  {
    model: 'queue',
    property: 'none sleeps for ever: a stop: 2 put',
    defines: ['CONSUMERS=1', 'BELLS=1', 'KILLS=0', 'STOPS=1', 'REAPER_KILLS=0'],
  },
  {
    model: 'queue',
    property: 'the bells of a sweep are enough: 2 get',
    defines: ['PRODUCERS=1', 'BELLS=1', 'LOOKS_AGAIN=0', 'REAPER_KILLS=0'],
    mutants: ['NO_BELL_AFTER_SWEEP'],
  },
  {
    model: 'queue',
    property: 'the bells of a sweep are enough: 2 put',
    defines: ['CONSUMERS=1', 'BELLS=1', 'LOOKS_AGAIN=0', 'REAPER_KILLS=0'],
  },
  {
    model: 'queue',
    property: 'growth: rings released once, slot reuse',
    defines: ['PRODUCERS=1', 'CONSUMERS=1', 'ITEMS=3', 'GROW=1', 'KILLS=2', 'NEWCOMERS=1'],
    progress: true,
    mutants: ['LOG_LEFT', 'WRITTEN_FIRST', 'READ_FIRST', 'EMPTY_BEFORE_WRITTEN'],
  },
  {
    model: 'queue',
    property: 'growth: 2 put',
    defines: ['CONSUMERS=1', 'GROW=1', 'NEWCOMERS=1'],
    mutants: ['LEFT_OVERWRITTEN'],
  },
  {
    model: 'queue',
    property: 'growth: no lost wake-up: 2 get',
    defines: ['PRODUCERS=1', 'ITEMS=2', 'BELLS=1', 'GROW=1', 'KILLS=0', 'REAPER_KILLS=0'],
    mutants: ['ONE_RING_LOOKED_AT'],
  },
  {
    model: 'queue',
    property: 'who joins goes on when all is done, not before',
    defines: ['PRODUCERS=1', 'ITEMS=2', 'CAPACITY=2', 'JOIN=1', 'REAPER_KILLS=0'],
    mutants: ['PUTS_AFTER_TAIL', 'JOIN_ONE_LOOK'],
  },
];

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
