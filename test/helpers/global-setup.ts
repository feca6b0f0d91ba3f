// Runs once around the whole suite: refuses to test what was not built from these sources, and fails when the suite as a
// whole left something in /dev/shm. What a single file leaves: leak-check.ts.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shmEntries, shmUsers } from './system-state.js';
import { until } from './until.js';

const root = resolve(fileURLToPath(import.meta.url), '../../..');

export default function setup(): () => Promise<void> {
  const problem = libraryProblem() ?? addonProblem();
  if (problem !== undefined) throw new Error(problem);
  const before = new Set(shmEntries());
  return async function teardown() {
    const left = () => shmEntries().filter((name) => !before.has(name) && shmUsers(name).length === 0);
    try {
      await until(() => left().length === 0, { timeoutMs: 5000, intervalMs: 50 });
    } catch {
      throw new Error(`the suite left in /dev/shm: ${left().join(', ')}`);
    }
  };
}

function libraryProblem(): string | undefined {
  for (const source of filesBelow('src', /\.ts$/)) {
    const output = join(root, 'lib', relative('src', source).replace(/\.ts$/, '.js'));
    if (isOlder(output, join(root, source))) {
      return `lib/ was not built from the present src/ (${source} is newer): run \`npm run build:lib\` first`;
    }
  }
  return undefined;
}

function addonProblem(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  let addon: string;
  try {
    addon = createRequire(import.meta.url)('node-gyp-build').resolve(root);
  } catch {
    return process.env.PREBUILDS_ONLY
      ? 'there is no prebuild for this machine: run `npm run prebuild` first'
      : 'the addon is not built: run `npm run build:native` first';
  }
  const crashAddon = join(root, 'build/Debug/forkyard.node');
  const newerThanCrash =
    existsSync(crashAddon) &&
    filesBelow('native', /\.cc$/).find((name) => isOlder(crashAddon, join(root, name)));
  if (newerThanCrash) {
    return `build/Debug is older than ${newerThanCrash}: run \`npm run build:crash\` first`;
  }
  const newer = addonSources().find((source) => isOlder(addon, join(root, source)));
  if (newer === undefined) return undefined;
  const remedy = process.env.PREBUILDS_ONLY ? 'npm run prebuild' : 'npm run build:native';
  return `${relative(root, addon)} was not built from the present native/ (${newer} is newer): run \`${remedy}\` first`;
}

/** What a build reads: of the headers those that make has noted, as one that nothing includes makes nothing anew. */
function addonSources(): string[] {
  const sources = filesBelow('native', /\.cc$/);
  const notes = join(root, 'build/Release/.deps');
  const headers = filesBelow('native', /\.h$/);
  if (process.env.PREBUILDS_ONLY || !existsSync(notes)) return [...sources, ...headers];
  const noted = filesBelow('build/Release/.deps', /\.d$/)
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n');
  return [...sources, ...headers.filter((header) => noted.includes(`../${header}`))];
}

function isOlder(output: string, source: string): boolean {
  return !existsSync(output) || statSync(output).mtimeMs < statSync(source).mtimeMs;
}

/** Paths relative to the root. */
function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`);
}
