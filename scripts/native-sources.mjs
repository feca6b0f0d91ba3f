// The C++ files of native/ in the order of its layers: what binding.gyp compiles and scripts/test-native.mjs links.
// Run as a program it prints them, one to a line. Which layer may include which: test/architecture.test.ts.
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders of native/, lowest first. `forking` stands beside `sync` and `channel`. */
export const nativeLayers = [
  'os',
  'shared',
  'parking',
  'family',
  'memory',
  'forking',
  'sync',
  'channel',
  'binding',
];

const root = resolve(fileURLToPath(import.meta.url), '../..');

/**
 * Paths relative to the package, with `/` separators.
 * @param {readonly string[]} [layers]
 * @returns {string[]}
 */
export function nativeSources(layers = nativeLayers) {
  return layers.flatMap((layer) => {
    const folder = join(root, 'native', layer);
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.cc'))
      .sort()
      .map((name) => `native/${layer}/${name}`);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log([...nativeSources(), 'native/addon.cc'].join('\n'));
}
