// What users read and copy: the examples run and print what they claim, the demo (the largest of them) over real files; the
// guides lead nowhere wrong. The benchmark is bench.test.ts.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkSample, differences } from '../examples/demo/check.js';
import { help, parseOptions, UsageError } from '../examples/demo/options.js';
import { selectFiles } from '../examples/demo/select.js';
import type { FileFacts } from '../examples/demo/tasks.js';
import { runScript } from './helpers/run-script.js';
import { hasPython } from './native-binding/python.js';

const root = fileURLToPath(new URL('..', import.meta.url));

const guides = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);

/** What each prints, line by line. */
const examples: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  'hello-pool': ['[ 1, 4, 9, 16 ]', 'one call: 144', 'in another process: true'],
  process: [
    'Hello Ada, from greeter, child of MainProcess',
    'greeter ended with exit code 0',
    'process.exit(3): exit code 3',
    'ProcessError, ERR_FORKYARD_PROCESS',
    'ended after 10 ms: false',
    'killed: exit code -9, SIGKILL',
  ],
  'errors-across-processes': [
    'true OUT_OF_STOCK pears',
    'stack of the worker: true',
    'true true',
    'true LocalError 7',
    /^true .*callback$/,
  ],
  // One line for each CPU that may be used; there is always one.
  'pinned-benchmark': [/^CPU \d+ at priority 5: SHA-256 of 4 MiB in [\d.]+ ms$/],
  'streaming-imap': [
    '200000 records, sum 1500000',
    'read ahead of the results by at most 2500 records: true',
  ],
  'large-arrays': ['16 MiB back, peak 500', 'first -1, ours still -500', 'shared memory in use: true'],
  'command-line': [
    '{"path":"/","status":200}',
    '{"path":"/missing","status":404}',
    '{"path":"/about","status":200}',
    /^forkyard map: <stdin>:3: TypeError: /,
    'exit status: 1',
  ],
  'worker-initializer': ['chat chien emu', 'prepared once in each worker: true'],
  'shared-counter': [
    'counted to 40000',
    'its owner was killed: exit code -9',
    'whoever is next has it, and is told: true',
  ],
  'producer-consumer': ['the sum of what both took: 5050'],
  pipeline: [
    '25 %: 5000 requests',
    '50 %: 10000 requests',
    '75 %: 15000 requests',
    '100 %: 20000 requests',
    '20000 requests, 400 of them for what is not there',
  ],
  'work-queue': [
    '29 of 30 done, 1 lost',
    'job 12 is among those done: false',
    'the workers ended with -9, 0, 0',
  ],
  'ping-pong': [
    /^blocking: 5000 round trips, half within [\d.]+ µs, 99 % within [\d.]+ µs$/,
    'the player has ended: the pipe is at its end: true',
    /^through event loops: 5000 round trips, half within [\d.]+ µs, 99 % within [\d.]+ µs$/,
    'after close() the other side goes home: exit code 0',
  ],
  histogram: ['counted: 100000', 'most in the middle: true', 'RangeError, still 255'],
  'parallel-matrix': ['rows done: 120, wrong: 0', 'largest: true'],
  'surviving-a-killed-worker': [
    '39 of 40 done',
    'task 13: ERR_FORKYARD_WORKER_LOST, SIGKILL',
    'workers replaced: 1',
    'the pool goes on: 40',
  ],
  'async-concurrency': [
    'concurrency 1: 100 requests, at most 1 at a time in a worker',
    /^concurrency 25: 100 requests, at most (1\d|2[0-5]|[2-9]) at a time in a worker$/,
  ],
  'time-limits': [
    '[ 111, 118, 178 ]',
    'item 2: TaskTimeoutError, ERR_FORKYARD_TASK_TIMEOUT',
    'retried: fine',
    'cancelled: no longer wanted',
  ],
  preload: [
    '[ 4, 90000, 249999000001 ]',
    'made in the server alone: true',
    'afterFork ran once in each: true',
    'the table, some 30 MiB, is shared: true',
  ],
  'python-client': [
    'Python has added: { sum: 10.5, of: 4 }',
    'forkyard backwards, by Python: draykrof',
    'stressed backwards, by Python: desserts',
    'python3 ended with 0',
  ],
  'python-listener': [
    'running sums of 1 2 3 4, by Python: 1 3 6 10',
    'running sums of 0.5 0.5, by Python: 0.5 1',
    'python3 ended with 0',
  ],
  'share-with-python': [
    'multiplied by Python: 0 2.5 5 7.5, the others as they were: 10',
    'their sum, by Python: 112.5, by Node: 112.5',
    'python3 ended with 0; the names go when this program ends',
  ],
  'shared-array': ['true 120000', /^points inside: (\d+), counted here: \1$/, /^[ .:=+*#%@-]+$/],
};

test('every example is tested', () => {
  const files = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'));
  expect(files.map((name) => name.replace('.mjs', '')).sort()).toEqual(Object.keys(examples).sort());
});

test.each(Object.entries(examples))('example %s', async (name, expected) => {
  // Its peer is not on every machine.
  if (name.includes('python') && !hasPython) return;
  const { stdout, stderr, exitCode } = await runScript(join(root, `examples/${name}.mjs`));
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const lines = stdout.trimEnd().split('\n');
  if (name !== 'pinned-benchmark') expect(lines).toHaveLength(expected.length);
  for (const [index, line] of expected.entries()) {
    if (typeof line === 'string') expect(lines[index]).toBe(line);
    else expect(lines[index]).toMatch(line);
  }
});

test('the demo works through a folder of real files, and says what the pool gained', async () => {
  const folder = join(root, 'native');
  const { stdout, stderr, exitCode } = await runDemo('--folder', folder, '--workers', '2');
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const contents = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
  const lines = contents.reduce((total, text) => total + text.split('\n').length - 1, 0);
  expect(stdout).toContain(`${folder}: ${contents.length} files`);
  expect(stdout).toContain(`${lines} lines; `);
  expect(stdout).toMatch(new RegExp(`│ serial +│ +${contents.length} │`));
  expect(stdout).toMatch(new RegExp(`│ parallel \\(2\\) +│ +${contents.length} │.* x │ +\\d+ % │`));
  const workers = [...stdout.matchAll(/│ PoolWorker-\d +│ +\d+ │ +(\d+) │/g)].map((match) =>
    Number(match[1]),
  );
  expect(workers).toHaveLength(2);
  expect(workers.reduce((sum, files) => sum + files, 0)).toBe(contents.length);
  expect(stdout).toContain('serial and parallel: equal in every file');
  expect(stdout).toContain('sha256sum on 25 files at random: agrees');
  // No terminal, no cursor movements.
  expect(stdout).not.toContain('\u001b');
});

test('the demo tells how it is used, and what is wrong with an option', async () => {
  for (const option of ['--folder', '--files', '--workers']) expect(help).toContain(option);
  expect(parseOptions(['--help'])).toBeUndefined();
  expect(parseOptions(['--files', '7', '--workers', '3', '--folder', 'x'])).toEqual({
    folder: 'x',
    files: 7,
    workers: 3,
  });
  for (const args of [['--files', '0'], ['--workers', 'two'], ['--folder'], ['--fast'], ['x']]) {
    expect(() => parseOptions(args), args.join(' ')).toThrow(UsageError);
  }
  const { exitCode, stderr } = await runDemo('--folder', '/no/such');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: '/no/such is no folder\nSee npm run demo -- --help\n',
  });
});

test("the demo's selection is the same at every run, within its limits, the largest file first", () => {
  const limits = { files: 20, bytes: 60_000 };
  const selection = selectFiles(join(root, 'native'), limits);
  expect(selection).toEqual(selectFiles(join(root, 'native'), limits));
  expect(selection.files.length).toBeGreaterThan(2);
  expect(selection.files.length).toBeLessThanOrEqual(limits.files);
  expect(selection.bytes).toBeLessThanOrEqual(limits.bytes);
  const sizes = selection.files.map(({ bytes }) => bytes);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  expect(selection.bytes).toBe(sizes.reduce((sum, bytes) => sum + bytes, 0));
  expect(selection.found).toBeGreaterThan(selection.files.length);
});

test('the demo sees when two runs differ, and when sha256sum says otherwise', async () => {
  const path = join(root, 'package.json');
  const wrong: FileFacts = { path, bytes: 1, sha256: '0'.repeat(64), gzipBytes: 1, lines: 1, pid: 1 };
  const other = { ...wrong, path: join(root, 'README.md') };
  const facts = new Map([[path, wrong]]);
  expect(differences(facts, new Map([[path, { ...wrong, pid: 2 }]]))).toEqual([]);
  expect(differences(facts, new Map([[path, { ...wrong, gzipBytes: 2 }]]))).toEqual([
    `${path}: gzipBytes is 1 in one run, 2 in the other`,
  ]);
  expect(differences(facts, new Map([[other.path, other]]))).toHaveLength(2);
  const sample = await checkSample(facts, 25);
  expect(sample).toEqual({ checked: 1, wrong: [`${path}: sha256sum does not say ${wrong.sha256}`] });
});

test('links of the README and the guides lead to what is there', () => {
  for (const page of ['README.md', 'bench/README.md', ...guides]) {
    const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)];
    const broken = links
      .map((link) => link[1] as string)
      .filter((path) => !existsSync(resolve(root, dirname(page), path)));
    expect({ page, broken }).toEqual({ page, broken: [] });
  }
});

test('the guide to errors has every code there is, and no other', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const inSources = codesIn(sources.map((path) => readFileSync(join(root, 'src', path), 'utf8')).join('\n'));
  const inGuide = codesIn(readFileSync(join(root, 'docs/errors.md'), 'utf8'));
  expect(inGuide).toEqual(inSources);
});

function codesIn(text: string): string[] {
  return [...new Set(text.match(/\bERR_FORKYARD_[A-Z_]*[A-Z]\b/g))].sort();
}

function runDemo(...args: string[]) {
  return runScript(join(root, 'scripts/run.mjs'), { args: ['examples/demo/main.ts', ...args], cwd: root });
}
