// Runs a TypeScript program of bench/ or examples/: `node scripts/run.mjs bench/run.ts [arguments]`.
// Both folders are transpiled into build/run/ (types are checked by `npm run check`); they import the package by its name.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const output = join(root, 'build/run');
const [program, ...args] = process.argv.slice(2);

if (program === undefined) {
  console.error('usage: node scripts/run.mjs <file.ts> [arguments]');
  process.exit(2);
}
if (!existsSync(resolve(program))) {
  console.error(`no such file: ${program}`);
  process.exit(2);
}
for (const folder of ['bench', 'examples']) transpileFolder(join(root, folder));
run(join(output, relative(root, resolve(program))).replace(/\.ts$/, '.js'));

/** @param {string} folder */
function transpileFolder(folder) {
  const target = join(output, relative(root, folder));
  const sources = existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.d.ts'))
        .map((entry) => join(entry.parentPath, entry.name))
    : [];
  const made = new Set(sources.map((source) => transpile(source)));
  if (!existsSync(target)) return;
  for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && !made.has(file)) rmSync(file, { force: true });
  }
}

/**
 * Other files are copied beside the program, so that relative paths hold.
 * @param {string} source
 */
function transpile(source) {
  const target = join(output, relative(root, source)).replace(/\.ts$/, '.js');
  if (existsSync(target) && statSync(target).mtimeMs >= statSync(source).mtimeMs) return target;
  mkdirSync(dirname(target), { recursive: true });
  // Two programs may be started at once: neither must read what the other has half written.
  const unfinished = `${target}.${process.pid}`;
  if (!source.endsWith('.ts')) {
    copyFileSync(source, unfinished);
    renameSync(unfinished, target);
    return target;
  }
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    fileName: source,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
      inlineSources: true,
    },
  });
  writeFileSync(unfinished, outputText);
  renameSync(unfinished, target);
  return target;
}

/** @param {string} file */
function run(file) {
  const child = spawn(process.execPath, ['--enable-source-maps', file, ...args], { stdio: 'inherit' });
  // The terminal sends these to the child as well; this process only waits to pass on how it ended.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => signal === 'SIGINT' || child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
