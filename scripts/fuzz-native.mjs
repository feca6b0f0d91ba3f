// Coverage-guided fuzzing of what the C++ core reads of other processes: test/fuzz/native/*.cc, each a target of its own,
// with clang's libFuzzer and its address and undefined-behaviour sanitizers. See --help.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const help = `node scripts/fuzz-native.mjs [options] [target...]

Fuzzes each target (all of them: ${listTargets().join(', ')}) and tells what came of it.

  --runs N         inputs for each target (default 1000000)
  --seconds N      or so long for each, whichever comes first
  --seed N         of libFuzzer's random numbers (default: another one each time)
  --keep-corpus    afterwards, puts a smallest set of inputs with the same coverage into test/fuzz/native/corpus
  --list           tells the targets
  --help

Needs clang++ (CXX names another one). A crashing input is left in build/native-fuzz/found; to see it again:
  build/native-fuzz/<target> build/native-fuzz/found/<file>`;

const root = resolve(fileURLToPath(import.meta.url), '../..');
const folder = join(root, 'build/native-fuzz');
const corpora = join(root, 'test/fuzz/native/corpus');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '0' },
    seed: { type: 'string', default: '0' },
    'keep-corpus': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
process.exitCode = await main();

async function main() {
  if (values.help || values.list) {
    console.log(values.help ? help : listTargets().join('\n'));
    return 0;
  }
  const unknown = positionals.filter((target) => !listTargets().includes(target));
  if (unknown.length > 0) {
    console.error(`no such target: ${unknown.join(', ')}; there are ${listTargets().join(', ')}`);
    return 1;
  }
  const programs = await build(positionals.length > 0 ? positionals : listTargets());
  if (programs === undefined) return 1;
  let failed = 0;
  for (const { test, path } of programs) {
    const target = test.replace(/\.cc$/, '');
    if (!(await fuzz(target, path))) failed += 1;
    else if (values['keep-corpus']) await keepCorpus(target, path);
  }
  return failed > 0 ? 1 : 0;
}

/** @param {string[]} targets */
async function build(targets) {
  process.env.CXX ??= 'clang++';
  // It reads the name of the compiler when it is loaded.
  const { buildPrograms } = await import('./native-objects.mjs');
  mkdirSync(folder, { recursive: true });
  const flags = [
    '-O1',
    '-fno-omit-frame-pointer',
    '-fsanitize=fuzzer,address,undefined',
    '-fno-sanitize-recover=all',
    '-DFORKYARD_LIBFUZZER=1',
  ];
  const tests = targets.map((target) => `${target}.cc`);
  const programs = await buildPrograms({ folder, flags, tests, from: 'test/fuzz/native' });
  return programs.every(({ path }) => path !== undefined)
    ? /** @type {{ test: string, path: string }[]} */ (programs)
    : undefined;
}

/**
 * Whether every input came back.
 * @param {string} target
 * @param {string} program
 */
async function fuzz(target, program) {
  const found = join(folder, 'found');
  const grown = join(folder, 'corpus', target);
  for (const path of [found, grown]) mkdirSync(path, { recursive: true });
  const started = performance.now();
  const { code, lines } = await run(program, [
    `-runs=${values.runs}`,
    `-max_total_time=${values.seconds}`,
    `-seed=${values.seed}`,
    '-max_len=1024',
    '-timeout=10',
    // Nothing is allocated because an input says so.
    '-rss_limit_mb=1024',
    '-malloc_limit_mb=16',
    '-print_final_stats=1',
    `-artifact_prefix=${found}/${target}-`,
    grown,
    ...(existsSync(join(corpora, target)) ? [join(corpora, target)] : []),
  ]);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const last = lines.findLast((line) => /\bcov: \d+ ft: \d+/.test(line)) ?? '';
  const [, coverage = '?', features = '?'] = /cov: (\d+) ft: (\d+)/.exec(last) ?? [];
  const runs = lines.map((line) => /number_of_executed_units: (\d+)/.exec(line)?.[1]).find(Boolean) ?? '?';
  const verdict = code === 0 ? 'ok  ' : 'FAIL';
  console.log(
    `${verdict} ${target}: ${runs} inputs in ${seconds} s, ${coverage} edges, ${features} features`,
  );
  if (code !== 0) console.log(lines.slice(-60).join('\n'));
  return code === 0;
}

/**
 * A smallest set of inputs that reaches what all those found do.
 * @param {string} target
 * @param {string} program
 */
async function keepCorpus(target, program) {
  const merged = join(folder, 'merged', target);
  rmSync(merged, { recursive: true, force: true });
  mkdirSync(merged, { recursive: true });
  const kept = join(corpora, target);
  // By edges alone: counts and values of comparisons would keep thousands.
  const { code } = await run(program, [
    '-merge=1',
    '-use_counters=0',
    '-use_value_profile=0',
    merged,
    join(folder, 'corpus', target),
    ...(existsSync(kept) ? [kept] : []),
  ]);
  if (code !== 0) return;
  mkdirSync(kept, { recursive: true });
  // libFuzzer names its own by their hash; what has another name is kept for what it once found.
  for (const name of readdirSync(kept)) if (/^[0-9a-f]{40}$/.test(name)) rmSync(join(kept, name));
  cpSync(merged, kept, { recursive: true });
  console.log(`     ${readdirSync(kept).length} inputs kept in test/fuzz/native/corpus/${target}`);
}

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<{ code: number, lines: string[] }>} what it has printed, the end of it at least
 */
function run(program, args) {
  return new Promise((done, failed) => {
    const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1' };
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (more) => {
      text = (text + more).slice(-200_000);
    });
    child.on('error', failed);
    child.on('close', (code) => done({ code: code ?? 1, lines: text.trimEnd().split('\n') }));
  });
}

function listTargets() {
  const harnesses = fileURLToPath(new URL('../test/fuzz/native', import.meta.url));
  return readdirSync(harnesses)
    .filter((name) => name.endsWith('.cc'))
    .map((name) => name.replace(/\.cc$/, ''))
    .sort();
}
