// Compiles and runs test/native/*_test.cc, each its own program, with the C++ core but without Node:
// `node scripts/test-native.mjs [--sanitize] [part of a test file's name]...`. Compiling itself is native-objects.mjs.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPrograms } from './native-objects.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const programTimeoutMs = Number(process.env.FORKYARD_NATIVE_TIMEOUT_MS ?? 900_000);

/** A way to build the core; `launcher` goes before the command of each test program. */
const variants = {
  plain: { flags: ['-O1'], env: {}, launcher: [] },
  address: {
    flags: ['-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
    env: { ASAN_OPTIONS: 'detect_stack_use_after_return=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
    launcher: [],
  },
  thread: {
    // A forked child of a program with threads is what these tests are about, so it must go on under the sanitizer.
    flags: ['-O1', '-fno-omit-frame-pointer', '-fsanitize=thread'],
    env: { TSAN_OPTIONS: `halt_on_error=1:die_after_fork=0:second_deadlock_stack=1${suppressions()}` },
    // gcc 12's runtime refuses the address layouts of newer kernels (vm.mmap_rnd_bits above 28).
    launcher: addressSpaceIsTooRandom() ? ['setarch', machine(), '-R'] : [],
  },
};

const args = process.argv.slice(2);
const sanitize = args.includes('--sanitize');
const filters = args.filter((arg) => !arg.startsWith('--'));
process.exitCode = await main();

async function main() {
  const tests = readdirSync(join(root, 'test/native'))
    .filter((name) => name.endsWith('_test.cc'))
    .filter((name) => filters.length === 0 || filters.some((filter) => name.includes(filter)))
    .sort();
  if (tests.length === 0) {
    console.error(`no file of test/native/*_test.cc matches ${filters.join(', ') || 'anything'}`);
    return 1;
  }
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const name of sanitize ? ['address', 'thread'] : ['plain']) await testVariant(name, tests, counts);
  const kind = sanitize ? 'sanitize' : 'native';
  writeFileSync(join(root, `build/native-tests/${kind}-results.json`), JSON.stringify(counts));
  console.log(`\nnative tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed > 0 ? 1 : 0;
}

/**
 * @param {'plain' | 'address' | 'thread'} name
 * @param {string[]} tests
 * @param {{ passed: number, failed: number, skipped: number }} counts
 */
async function testVariant(name, tests, counts) {
  const variant = variants[name];
  const folder = join(root, 'build/native-tests', name);
  mkdirSync(folder, { recursive: true });
  console.log(`\n${name}: compiling`);
  const programs = await buildPrograms({ folder, flags: variant.flags, tests });
  for (const program of programs) {
    if (program.path === undefined) {
      counts.failed += 1;
      console.log(`FAIL ${program.test} does not compile`);
      continue;
    }
    console.log(`${name}: ${program.test}`);
    const outcome = await runProgram([...variant.launcher, program.path], { ...process.env, ...variant.env });
    counts.passed += outcome.passed;
    counts.skipped += outcome.skipped;
    counts.failed += outcome.failed;
  }
}

/**
 * Passes on what the program prints and counts its lines of check.h. A program that dies, hangs or prints no result is
 * one failure more.
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} env
 */
async function runProgram([command, ...rest], env) {
  // A group of its own, so that a watchdog takes along what the test has forked.
  const child = spawn(command, rest, {
    env,
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const watchdog = setTimeout(() => killGroup(child.pid), programTimeoutMs);
  const stop = () => killGroup(child.pid);
  process.once('exit', stop);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    process.stdout.write(text);
  });
  const ending = await new Promise((done) => {
    child.on('error', (error) => done(error.message));
    child.on('close', (code, signal) => done(signal ?? code));
  });
  clearTimeout(watchdog);
  process.removeListener('exit', stop);
  const lines = output.split('\n');
  const outcome = {
    passed: lines.filter((line) => line.startsWith('ok   ')).length,
    skipped: lines.filter((line) => line.startsWith('skip ')).length,
    failed: lines.filter((line) => line.startsWith('FAIL ')).length,
  };
  const reported = outcome.failed > 0 && ending === 1;
  if (!reported && (ending !== 0 || outcome.passed + outcome.skipped === 0)) {
    console.log(`FAIL ${command} ended with ${ending}`);
    outcome.failed += 1;
  }
  return outcome;
}

/** @param {number | undefined} pid */
function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function suppressions() {
  const file = join(root, 'test/native/tsan.supp');
  return existsSync(file) ? `:suppressions=${file}` : '';
}

function addressSpaceIsTooRandom() {
  try {
    return Number(readFileSync('/proc/sys/vm/mmap_rnd_bits', 'utf8')) > 28;
  } catch {
    return false;
  }
}

function machine() {
  return arch() === 'arm64' ? 'aarch64' : 'x86_64';
}
