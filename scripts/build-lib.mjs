// Compiles src/ to lib/ from nothing, so that no output of a deleted source stays behind. All of it but the command line is
// put into one file, of which the others are faces: Node takes half a millisecond for each file that it imports.
// As npm's `prepare` it does nothing where TypeScript was left out (npm ci --omit=dev).
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyLib } from './clean.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const compiler = findCompiler();

// An import of a built-in module makes Node look at everything that the module exports, and load what is loaded lazily:
// six milliseconds for all of them.
const builtinsByCall = {
  name: 'builtins-by-call',
  // Lines stay where they are: the source map holds.
  transform: (text) => ({
    code: text.replace(/^import (?!type)(.+?) from ('node:[^']+');$/gm, (_, names, module) => {
      const wanted = names.replace(/\btype \w+,? ?/g, '').replaceAll(' as ', ': ');
      return `const ${wanted} = process.getBuiltinModule(${module});`;
    }),
    map: null,
  }),
};

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
  if (compiling.status === 0) await bundle();
}

/** Each compiled file gets a face in its place, with the same exports. */
async function bundle() {
  const { rolldown } = await import('rolldown');
  const source = join(root, 'src');
  const names = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('cli/'))
    .map((name) => name.slice(0, -'.ts'.length));
  const input = Object.fromEntries(names.map((name) => [name, join(source, `${name}.ts`)]));
  const build = await rolldown({
    input,
    platform: 'node',
    plugins: [builtinsByCall],
    // All of it is somebody's entry; and what only seems to do nothing may throw.
    treeshake: false,
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    preserveEntrySignatures: 'strict',
    resolve: { extensionAlias: { '.js': ['.ts'] } },
    // A module that is imported when it is needed lies in the same file as well.
    checks: { ineffectiveDynamicImport: false },
  });
  await build.write({
    dir: join(root, 'lib'),
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    codeSplitting: { groups: [{ name: 'forkyard', test: /\/src\/(?!entry\/)/ }] },
  });
  // npm does so when it installs; in a checkout nobody would.
  chmodSync(join(root, 'lib/cli/main.js'), 0o755);
}

function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}
