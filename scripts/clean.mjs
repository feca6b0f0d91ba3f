// Removes what builds and tools have made; node_modules stays. Run as a program, or imported for one part of it.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');

/** The folder itself is in git and stays. */
export function emptyLib() {
  const lib = join(root, 'lib');
  mkdirSync(lib, { recursive: true });
  for (const name of readdirSync(lib)) {
    if (name !== '.gitkeep') rmSync(join(lib, name), { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  emptyLib();
  for (const folder of ['build', 'prebuilds', 'coverage', 'docs/api']) {
    rmSync(join(root, folder), { recursive: true, force: true });
  }
}
