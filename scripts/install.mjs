// The install script: makes sure that there is an addon which loads on this machine, from a prebuild or by compiling it.
// lib/ is not its business: it is published, and a git checkout builds it in `prepare` (scripts/build-lib.mjs).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const supportedArchitectures = ['x64', 'arm64'];

process.exitCode = main();

function main() {
  const unsupported = unsupportedReason();
  if (unsupported !== undefined) {
    console.log(`forkyard: no native addon for ${unsupported}; it runs on Linux, x64 and arm64.`);
    console.log('forkyard: installed without it: import works, the first use throws an error that says so.');
    return 0;
  }
  // A checkout compiles always (incrementally): what was built from older sources would load, and be wrong.
  const isCheckout = existsSync(join(root, 'src'));
  const fromSource = process.env.npm_config_build_from_source;
  if (!isCheckout && (fromSource === undefined || fromSource === 'false') && addonLoads()) return 0;
  return compile();
}

function unsupportedReason() {
  if (process.platform !== 'linux') return process.platform;
  if (!supportedArchitectures.includes(process.arch)) return `Linux on ${process.arch}`;
  return undefined;
}

/** Tried in a process of its own: a prebuild made for another C library may not merely throw. */
function addonLoads() {
  const loading = spawnSync(process.execPath, ['-e', `require('node-gyp-build')(${JSON.stringify(root)})`], {
    cwd: root,
    stdio: 'ignore',
  });
  return loading.status === 0;
}

function compile() {
  const missing = missingTools();
  if (missing.length > 0) return explain(`to compile it this machine lacks ${missing.join(', ')}`);
  const { command, args } = nodeGyp();
  const building = spawnSync(command, [...args, 'configure', 'build', '--release', '--jobs', 'max'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (building.error !== undefined) {
    return explain(
      `${command} could not be started (${building.error.message}); run this through npm: npm rebuild forkyard`,
    );
  }
  if (building.status !== 0) return explain('compiling it failed; the first error is above');
  return 0;
}

/**
 * node-gyp is no dependency: npm, pnpm and Yarn bring one for install scripts and name it by an environment variable or
 * on the PATH, so that those for whom a prebuild fits (nearly all) do not install its dozens of packages.
 */
function nodeGyp() {
  const named = process.env.npm_config_node_gyp;
  const ownCopy = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  const script = [ownCopy, named].find((path) => path !== undefined && existsSync(path));
  if (script !== undefined) return { command: process.execPath, args: [script] };
  return { command: 'node-gyp', args: [] };
}

function missingTools() {
  const tools = [
    { name: 'a C++ compiler', commands: process.env.CXX ? [process.env.CXX.split(' ')[0]] : ['g++', 'c++'] },
    { name: 'make', commands: [process.env.MAKE || 'make'] },
    { name: 'Python 3', commands: [process.env.PYTHON || 'python3', 'python'] },
  ];
  return tools.filter((tool) => !tool.commands.some(runs)).map((tool) => tool.name);
}

/** @param {string} command */
function runs(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** @param {string} reason */
function explain(reason) {
  console.error(`
forkyard: no prebuilt addon fits ${process.platform}-${process.arch} with Node ${process.versions.node}, and ${reason}.

It needs a C++20 compiler (g++ 11 or clang 14, or later), make and Python 3:
  Debian, Ubuntu   apt-get install g++ make python3
  Fedora, RHEL     dnf install gcc-c++ make python3
  Alpine           apk add g++ make python3 linux-headers
  Arch             pacman -S gcc make python
Then install again.
`);
  return 1;
}
