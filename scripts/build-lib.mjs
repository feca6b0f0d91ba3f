// Compiles src/ to lib/ from nothing, so that no output of a deleted source stays behind.
// As npm's `prepare` it does nothing where TypeScript was left out (npm ci --omit=dev).
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyLib } from './clean.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const compiler = findCompiler();

if (compiler === undefined) {
  console.log('forkyard: lib/ is not built, as TypeScript is not installed.');
  process.exitCode = process.env.npm_lifecycle_event === 'prepare' ? 0 : 1;
} else {
  emptyLib();
  const compiling = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = compiling.status ?? 1;
  // npm does so when it installs; in a checkout nobody would.
  if (compiling.status === 0) chmodSync(resolve(root, 'lib/cli/main.js'), 0o755);
}

function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}
