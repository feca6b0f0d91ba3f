// Compiles the C++ core and the native tests with g++, anew only where a file or a header it includes has changed.
// What is run, and under which sanitizer: scripts/test-native.mjs. The addon is built by binding.gyp.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nativeLayers, nativeSources } from './native-sources.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const compiler = process.env.CXX || 'g++';
const baseFlags = [
  '-std=c++20',
  '-g',
  '-pthread',
  '-Wall',
  '-Wextra',
  '-DFORKYARD_CRASH_POINTS=1',
  '-Inative',
  '-Itest/native',
];

/**
 * One program per test, each linked with the whole core. `path` is undefined where compiling or linking failed; what the
 * compiler said has then been printed.
 * @param {{ folder: string, flags: string[], tests: string[], from?: string }} options `tests` are names of files in `from`
 * @returns {Promise<{ test: string, path: string | undefined }[]>}
 */
export async function buildPrograms({ folder, flags, tests, from = 'test/native' }) {
  discardIfFlagsChanged(folder, flags);
  const core = nativeSources(nativeLayers.filter((layer) => layer !== 'binding'));
  const sources = [...core, ...tests.map((test) => `${from}/${test}`)];
  const objects = new Map();
  await inParallel(sources, async (source) => {
    objects.set(source, await compile(source, folder, flags));
  });
  const coreObjects = core.map((source) => objects.get(source));
  const programs = tests.map((test) => ({ test, path: /** @type {string | undefined} */ (undefined) }));
  await inParallel(programs, async (program) => {
    const inputs = [objects.get(`${from}/${program.test}`), ...coreObjects];
    if (inputs.includes(undefined)) return;
    program.path = await link(inputs, join(folder, program.test.replace(/\.cc$/, '')), flags);
  });
  return programs;
}

/**
 * @param {string} folder
 * @param {string[]} flags
 */
function discardIfFlagsChanged(folder, flags) {
  const stamp = join(folder, 'flags');
  const wanted = [compiler, ...baseFlags, ...flags].join(' ');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(stamp, wanted);
}

/**
 * @param {string} source
 * @param {string} folder
 * @param {string[]} flags
 */
async function compile(source, folder, flags) {
  const object = join(folder, `${source}.o`);
  if (isCurrent(object, dependencies(`${object}.d`))) return object;
  mkdirSync(dirname(object), { recursive: true });
  const succeeded = await invoke([
    ...baseFlags,
    ...flags,
    '-MMD',
    '-MF',
    `${object}.d`,
    '-c',
    source,
    '-o',
    `${object}.new`,
  ]);
  if (!succeeded) return undefined;
  renameSync(`${object}.new`, object);
  return object;
}

/**
 * @param {string[]} objects
 * @param {string} program
 * @param {string[]} flags
 */
async function link(objects, program, flags) {
  if (isCurrent(program, objects)) return program;
  return (await invoke([...flags, '-pthread', ...objects, '-o', program])) ? program : undefined;
}

/** @param {string} depfile what g++ -MMD wrote: `object: source header header \` */
function dependencies(depfile) {
  if (!existsSync(depfile)) return undefined;
  const [, list] = readFileSync(depfile, 'utf8').replaceAll('\\\n', ' ').split(/:\s/, 2);
  return list
    .trim()
    .split(/(?<!\\)\s+/)
    .map((name) => resolve(root, name.replaceAll('\\ ', ' ')));
}

/**
 * @param {string} file
 * @param {string[] | undefined} inputs
 */
function isCurrent(file, inputs) {
  if (inputs === undefined || !existsSync(file)) return false;
  const made = statSync(file).mtimeMs;
  return inputs.every((input) => existsSync(input) && statSync(input).mtimeMs <= made);
}

/** @param {string[]} args */
function invoke(args) {
  return new Promise((done) => {
    const child = spawn(compiler, args, { cwd: root, stdio: 'inherit' });
    child.on('error', (error) => {
      console.error(`${compiler} could not be started: ${error.message}`);
      done(false);
    });
    child.on('close', (code) => done(code === 0));
  });
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => Promise<void>} work
 */
async function inParallel(items, work) {
  const waiting = [...items];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}
