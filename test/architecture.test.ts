// The rules of the tree: who may import whom, in src/ and in native/, and how files look. Reads the sources only.
// The public face is public-api.test.ts; what Biome checks (format, cycles, promises) is in biome.json.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { nativeLayers, nativeSources } from '../scripts/native-sources.mjs';
import {
  entriesBelow,
  filesBelow,
  importsOf,
  includesOf,
  parse,
  read,
  resolveImport,
  root,
} from './helpers/source-tree.js';

/** A file imports lower ranks and its own folder. Folders of one rank do not know each other. */
const ranks: Readonly<Record<string, number>> = {
  entry: 11,
  cli: 10,
  'context.ts': 9,
  'reducers.ts': 9,
  manager: 8,
  executor: 8,
  progress: 8,
  pool: 7,
  process: 6,
  pipe: 5.5,
  queue: 5,
  sharedctypes: 5,
  sharedmemory: 5,
  sync: 4,
  channel: 4,
  memory: 3,
  named: 3,
  connection: 3,
  family: 2,
  forking: 2,
  serialize: 2,
  task: 2,
  // Half a step below its neighbours: system/ is made of the addon, which only native/ may load.
  native: 0.5,
  log: 1,
  system: 1,
  'errors.ts': 0,
  'location.ts': 0,
  'waitable.ts': 0,
  util: 0,
  options: 0.25,
};
const publicRank = 10;

/** What each layer of native/ may include beside itself. */
const includable: Readonly<Record<string, readonly string[]>> = {
  os: [],
  shared: ['os'],
  parking: ['os', 'shared'],
  family: ['os', 'shared', 'parking'],
  memory: ['os', 'shared', 'parking', 'family'],
  forking: ['os', 'shared'],
  sync: ['os', 'shared', 'parking', 'family', 'memory'],
  channel: ['os', 'shared', 'parking', 'family', 'memory', 'sync'],
  binding: ['os', 'shared', 'parking', 'family', 'memory', 'forking', 'sync', 'channel'],
};

const maxLines = 300;
/** A suite may be longer: it is read test by test. */
const maxTestLines = 500;
/** Files that are longer, each with the reason why it is not cut. */
const longFiles: Readonly<Record<string, string>> = {
  'test/bad-input.test.ts': 'one test for each way to go wrong; the list is looked up as a whole',
};

const sources = filesBelow('src', /\.ts$/);
const nativeFiles = filesBelow('native', /\.(cc|h)$/);
const publicModules = publicModuleSources();
const codeFiles = [
  ...sources,
  ...nativeFiles,
  ...['test', 'bench', 'examples', 'scripts'].flatMap((folder) => filesBelow(folder, /\.(ts|mjs|js|cc|h)$/)),
  'vitest.config.ts',
].filter((path) => !path.startsWith('test/fixtures/broken/') && !path.startsWith('bench/results/'));

test('every file of src/ has a rank', () => {
  expect(sources.filter((path) => rankOf(path) === undefined)).toEqual([]);
});

test('imports of src/ go down the ranks, never up, never sideways', () => {
  const wrong = sources.flatMap((path) =>
    importsOf(path)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => resolveImport(path, specifier))
      .filter((target) => !mayImport(path, target))
      .map((target) => `${path} (rank ${rankOf(path)}) imports ${target} (rank ${rankOf(target)})`),
  );
  expect(wrong).toEqual([]);
});

test('imports of src/ name files that are there, with the extension .js', () => {
  const wrong = sources.flatMap((path) =>
    importsOf(path)
      .filter((specifier) => specifier.startsWith('.'))
      .filter(
        (specifier) => !specifier.endsWith('.js') || !existsSync(join(root, resolveImport(path, specifier))),
      )
      .map((specifier) => `${path}: ${specifier}`),
  );
  expect(wrong).toEqual([]);
});

test('src/ imports only itself, Node, and what package.json depends on', () => {
  const { name: own, dependencies } = JSON.parse(read('package.json'));
  const isKnown = (name: string) => /^(\.|node:)/.test(name) || name === own || name in dependencies;
  expect(
    sources.flatMap((path) =>
      importsOf(path)
        .filter((name) => !isKnown(name))
        .map((name) => `${path}: ${name}`),
    ),
  ).toEqual([]);
});

test('public modules re-export and do nothing else', () => {
  const wrong = publicModules.flatMap((path) =>
    parse(path)
      .statements.filter((statement) => !ts.isExportDeclaration(statement))
      .map((statement) => `${path}: ${statement.getText().slice(0, 60)}`),
  );
  expect(wrong).toEqual([]);
});

test('only src/native/ loads the addon', () => {
  // To ask where a package is loads nothing; a fork server loads what its user names, a receiver of a task its module.
  const ofUsers = ['src/forking/preload.ts', 'src/task/resolve.ts'];
  const mayLoad = (path: string) => path.startsWith('src/native/') || ofUsers.includes(path);
  const loads = /node-gyp-build|createRequire\([^)]*\)(?!\.resolve\()|process\.dlopen|\.node['"`]/;
  expect(sources.filter((path) => !mayLoad(path) && loads.test(codeOf(path)))).toEqual([]);
});

test('src/util/ is pure: no Node, no clock, no chance, no state of the module', () => {
  const impure =
    /\b(process|console|globalThis|performance|setTimeout|setInterval|setImmediate)\b|\b(Date\.now|Math\.random)\b/;
  const wrong = sources
    .filter((path) => path.startsWith('src/util/'))
    .filter(
      (path) =>
        importsOf(path).some((name) => name.startsWith('node:')) ||
        impure.test(codeOf(path)) ||
        hasState(path),
    );
  expect(wrong).toEqual([]);
});

test('the layers of native/ include only what is below them', () => {
  expect(Object.keys(includable)).toEqual(nativeLayers);
  const wrong = nativeFiles
    .filter((path) => path !== 'native/addon.cc')
    .flatMap((path) =>
      includesOf(path)
        .filter((include) => !include.isSystem && !mayInclude(path, include.header))
        .map((include) => `${path} includes ${include.header}`),
    );
  expect(wrong).toEqual([]);
});

test('includes of native/ are written from native/ and name files that are there', () => {
  const wrong = nativeFiles.flatMap((path) =>
    includesOf(path)
      .filter((include) => !include.isSystem && !existsSync(join(root, 'native', include.header)))
      .map((include) => `${path}: ${include.header}`),
  );
  expect(wrong).toEqual([]);
});

test('only native/binding/ and native/addon.cc know Node', () => {
  const ofNode = /^(napi|node|node_api|js_native_api|uv|v8)(-.*|_.*)?\.h$|^(uv|v8|node)\//;
  const wrong = nativeFiles
    .filter((path) => !path.startsWith('native/binding/') && path !== 'native/addon.cc')
    .filter((path) => includesOf(path).some((include) => ofNode.test(include.header)));
  expect(wrong).toEqual([]);
});

test('every C++ file is compiled', () => {
  const compiled = [...nativeSources(), 'native/addon.cc'];
  expect(nativeFiles.filter((path) => path.endsWith('.cc') && !compiled.includes(path))).toEqual([]);
});

test('every file begins with a comment that says what is here', () => {
  const begins = /^(#!.*\n)?(\/\/ \S|\/\*\*? ?\n? ?\*? ?\S)/;
  expect(codeFiles.filter((path) => !begins.test(read(path)))).toEqual([]);
});

test(`files have at most ${maxLines} lines`, () => {
  const linesOf = (path: string) => read(path).trimEnd().split('\n').length;
  const limitOf = (path: string) => (path.startsWith('test/') ? maxTestLines : maxLines);
  const tooLong = codeFiles.filter((path) => linesOf(path) > limitOf(path) && longFiles[path] === undefined);
  expect(tooLong.map((path) => `${path}: ${linesOf(path)}`)).toEqual([]);
  expect(
    Object.keys(longFiles).filter((path) => !existsSync(join(root, path)) || linesOf(path) <= limitOf(path)),
  ).toEqual([]);
});

test('nothing is left for later in a comment', () => {
  const marker = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
  expect(codeFiles.filter((path) => marker.test(read(path)))).toEqual([]);
});

test('names are kebab-case, in C++ snake_case', () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
  const snake = /^[a-z0-9]+(_[a-z0-9]+)*(\.[a-z]+)?$/;
  const isCpp = (path: string) => /^(native|test\/native|test\/fuzz\/native)\//.test(path);
  const wrong = ['src', 'native', 'test', 'bench', 'examples', 'scripts', 'models']
    .flatMap(entriesBelow)
    // Spin writes beside the models, and git ignores it.
    .filter((path) => basename(path) !== 'README.md' && basename(path) !== '_spin_nvr.tmp')
    // Inputs that a fuzzer has kept, under the names that it gave them.
    .filter((path) => !/^test\/fuzz\/native\/corpus\/.+\//.test(path))
    .filter((path) => !(isCpp(path) ? snake : kebab).test(basename(path)));
  expect(wrong).toEqual([]);
});

/** The part of src/ that a path belongs to: a folder, or a file that lies in src/ itself. */
function unitOf(path: string): string {
  return path.split('/')[1];
}

function rankOf(path: string): number | undefined {
  return publicModules.includes(path) ? publicRank : ranks[unitOf(path)];
}

function mayImport(importer: string, target: string): boolean {
  const from = rankOf(importer);
  const to = rankOf(target);
  if (from === undefined || to === undefined) return false;
  const isFile = (path: string) => path.split('/').length === 2;
  return (
    to < from || unitOf(importer) === unitOf(target) || (to === from && isFile(importer) && isFile(target))
  );
}

function mayInclude(path: string, header: string): boolean {
  const own = path.split('/')[1];
  const target = header.split('/')[0];
  return target === own || includable[own].includes(target);
}

function publicModuleSources(): string[] {
  const { exports } = JSON.parse(read('package.json')) as {
    exports: Record<string, string | { default: string }>;
  };
  return Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry.default.replace('./lib/', 'src/').replace(/\.js$/, '.ts')],
  );
}

/** Without comments. */
function codeOf(path: string): string {
  return ts.createPrinter({ removeComments: true }).printFile(parse(path));
}

function hasState(path: string): boolean {
  return parse(path).statements.some(
    (statement) =>
      ts.isVariableStatement(statement) && !(statement.declarationList.flags & ts.NodeFlags.Const),
  );
}
