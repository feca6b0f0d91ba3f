// Runs the tests of processes, pools, queues and connections under other versions of Node: `node scripts/test-nodes.mjs [version]...`,
// by default the oldest that is supported and the later lines. Their programs come from the registry's package `node`, into
// build/nodes/. The addon is the one that is built: Node-API makes one binary do for all.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const suites = [
  'test/process',
  'test/pool',
  'test/family',
  'test/task',
  'test/queue',
  'test/pipe',
  'test/connection',
  'test/crash/servers.test.ts',
  'test/crash/children.test.ts',
];
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20.19', '22', '24'];

const outcomes = versions.map((version) => {
  const program = install(version);
  console.log(`\n== Node ${run(program, ['--version'], 'pipe').stdout.trim()}`);
  const { status } = run(
    program,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...suites],
    'inherit',
  );
  return { version, passed: status === 0 };
});
console.log('');
for (const { version, passed } of outcomes) console.log(`Node ${version}: ${passed ? 'passed' : 'failed'}`);
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1;

/** The path of that version's program, which is fetched if it is not there. */
function install(version) {
  const folder = join(root, 'build/nodes', version);
  const program = join(folder, 'node_modules/node/bin/node');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const { status } = run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--no-package-lock', `node@${version}`],
    'inherit',
    folder,
  );
  if (status !== 0 || !existsSync(program))
    throw new Error(`Node ${version} could not be installed into ${folder}.`);
  return program;
}

function run(program, args, stdio, cwd = root) {
  return spawnSync(program, args, { cwd, stdio, encoding: 'utf8' });
}
