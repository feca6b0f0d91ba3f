// `forkyard map`: which results come out for which input, in which order. What goes wrong is map-failures.test.ts, signals,
// pipes and memory map-streams.test.ts.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cli, Folder, fixtures, numberedLines, runCli, runMap, runShell, startMap } from './support.js';

const good = { exitCode: 0, stderr: '' };

test('results come in the order of the input, whichever is ready first', async () => {
  const { stdout, stderr, exitCode } = await runMap('echo', { input: numberedLines(50_000) });
  expect({ exitCode, stderr }).toEqual(good);
  expect(stdout).toBe(numberedLines(50_000));
});

test('an early line that takes long holds back what comes after it, but with --unordered', async () => {
  using folder = new Folder();
  const gate = folder.pathOf('gate');
  const input = `wait ${gate}\n${numberedLines(3)}`;
  await using unordered = startMap('wait', { input, options: ['--unordered', '--chunk-size', '1'] });
  await unordered.waitForOutput(/(\d\n){3}/);
  folder.write('gate', '');
  const { exitCode, stdout: first } = await unordered.ended;
  expect({ exitCode, last: first.slice(-7) }).toEqual({ exitCode: 0, last: 'waited\n' });
  expect(first.split('\n').slice(0, 3).sort()).toEqual(['1', '2', '3']);
  const { stdout } = await runMap('wait', { input, options: ['--chunk-size', '1'] });
  expect(stdout).toBe('waited\n1\n2\n3\n');
});

test('many batches that come after a slow line are done meanwhile', async () => {
  using folder = new Folder();
  const gate = folder.pathOf('gate');
  const input = `wait ${gate}\n${numberedLines(200)}open ${gate}\n`;
  const { stdout } = await runMap('wait', { input, options: ['--chunk-size', '1'] });
  expect(stdout).toBe(`waited\n${numberedLines(200)}open ${gate}\n`);
});

test('--unordered writes every result once', async () => {
  const { stdout, exitCode } = await runMap('echo', { input: numberedLines(20_000), options: ['-u'] });
  expect(exitCode).toBe(0);
  const lines = stdout.trimEnd().split('\n').map(Number);
  expect(lines.sort((a, b) => a - b)).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1));
});

describe('what a line is', () => {
  test.each([
    ['no input', '', ''],
    ['no newline at the end', 'a\nb', '1\n1\n'],
    ['empty lines', '\n\nabc\n\n', '0\n0\n3\n0\n'],
    ['CRLF', 'ab\r\nc\r\n\r\nd', '2\n1\n0\n1\n'],
    ['a carriage return that ends no line', 'a\rb\n', '3\n'],
    ['bytes that are no UTF-8', 'x\xff\n', '2\n'],
  ])('%s', async (_, input, expected) => {
    const { stdout, stderr, exitCode } = await runMap('default', { input: Buffer.from(input, 'latin1') });
    expect({ stdout, exitCode, stderr }).toEqual({ stdout: expected, ...good });
  });

  test('characters of several bytes are whole, wherever reads and batches end', async () => {
    const text = Array.from({ length: 30_000 }, (_, index) => `${'é€😀'.repeat(index % 7)}${index}`).join(
      '\n',
    );
    for (const options of [[], ['--chunk-size', '7']]) {
      const { stdout } = await runMap('echo', { input: text, options });
      expect(stdout).toBe(`${text}\n`);
    }
  });

  test('a line of 10 MB', async () => {
    const input = `a\n${'x'.repeat(10_000_000)}\nb\n`;
    const { stdout, exitCode } = await runMap('default', { input });
    expect({ stdout, exitCode }).toEqual({ stdout: '1\n10000000\n1\n', exitCode: 0 });
  });

  test('the function is called with the line and nothing else', async () => {
    expect((await runMap('all', { input: 'a\n' })).stdout).toBe('1\n');
  });
});

describe('formats', () => {
  test('text in; out a string as it is, anything else as JSON', async () => {
    const input = ['"a b"', '1', '({ x: [1, null] })', 'undefined', 'true', 'null', '""'].join('\n');
    const { stdout } = await runMap('evaluate', { input });
    expect(stdout).toBe('a b\n1\n{"x":[1,null]}\n\ntrue\nnull\n\n');
  });

  test('--lines takes what has one way to be written', async () => {
    const input = ['"a"', '1.5', '2n ** 64n', 'false'].join('\n');
    const { stdout, exitCode } = await runMap('evaluate', { input, options: ['--lines'] });
    expect({ stdout, exitCode }).toEqual({ stdout: 'a\n1.5\n18446744073709551616\nfalse\n', exitCode: 0 });
  });

  test('--json: NDJSON in and out, blank lines are no items', async () => {
    const options = ['--json'];
    const numbers = await runMap('twice', { input: '1\n\n2\r\n  \n3', options });
    expect({ stdout: numbers.stdout, exitCode: numbers.exitCode }).toEqual({
      stdout: '2\n4\n6\n',
      exitCode: 0,
    });
    const fields = await runMap('field', { input: '{"name":"a\\nb"}\n{}\n', options });
    expect(fields.stdout).toBe('"a\\nb"\nnull\n');
  });
});

test('files one after the other, and standard input among them', async () => {
  using folder = new Folder();
  const files = [folder.write('one', 'a\nb'), '-', folder.write('empty', ''), folder.write('two', 'c\n')];
  const { stdout, exitCode } = await runMap('upper', { input: 'between\n', files });
  expect({ stdout, exitCode }).toEqual({ stdout: 'A\nB\nBETWEEN\nC\n', exitCode: 0 });
});

test('named pipes and process substitution are read like files', async () => {
  const { stdout } = await runShell("$MAP ./tasks.mjs#upper <(printf 'a\\nb') /dev/null <(echo c)");
  expect(stdout).toBe('A\nB\nC\n');
});

test('a file as standard input is read from where it stands', async () => {
  using folder = new Folder();
  const path = folder.write('lines', 'a\nb\nc\n');
  const { stdout } = await runShell(`(read first; $MAP ./tasks.mjs#upper) < ${path}`);
  expect(stdout).toBe('B\nC\n');
});

test('each line of a slow input is worked on as it comes', async () => {
  await using map = startMap('upper', { input: null });
  for (const word of ['one', 'two', 'three']) {
    map.child.stdin?.write(`${word}\n`);
    await map.waitForOutput(new RegExp(`${word.toUpperCase()}\n$`));
  }
  map.child.stdin?.end();
  expect(await map.ended).toMatchObject({ ...good, stdout: 'ONE\nTWO\nTHREE\n' });
});

test('without an export it is the default one; a module may be any that Node imports', async () => {
  expect((await runCli(['map', 'tasks.mjs'], { input: 'abc\n' })).stdout).toBe('3\n');
  expect((await runCli(['map', `file://${fixtures}tasks.mjs#upper`], { input: 'a' })).stdout).toBe('A\n');
  expect((await runCli(['map', 'node:querystring#escape'], { input: 'a b\n' })).stdout).toBe('a%20b\n');
  const inPackage = await runCli(['map', 'typescript#escapeLeadingUnderscores'], { input: '__a' });
  expect(inPackage.stdout).toBe('___a\n');
});

test('--init is run once in each worker, before all lines', async () => {
  const options = ['--init', './tasks.mjs#initialise', '--chunk-size', '1'];
  const { stdout } = await runMap('initialisations', { input: numberedLines(20), options });
  expect(stdout).toBe('1\n'.repeat(20));
});

test('--concurrency overlaps asynchronous calls, results in order', async () => {
  const options = ['--concurrency', '10', '--workers', '1'];
  const { stdout } = await runMap('overlaps', { input: numberedLines(100), options });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  expect(lines.map(([line]) => line)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(Math.max(...lines.map(([, most]) => most as number))).toBe(10);
});

test('--workers, --cpus and --priority say where and how lines are worked on', async () => {
  const options = ['--workers', '1', '--cpus', 'spread', '--priority', '7', '--chunk-size', '1'];
  const { stdout, exitCode } = await runMap('niceValue', { input: 'a\nb\n', options });
  expect({ stdout, exitCode }).toEqual({ stdout: '7\n7\n', exitCode: 0 });
  const { stdout: pids } = await runMap('pid', { input: numberedLines(50), options });
  expect(new Set(pids.trimEnd().split('\n')).size).toBe(1);
});

test('what a function prints goes to standard error, not between the results', async () => {
  const { stdout, stderr } = await runMap('prints', { input: 'a\n' });
  expect({ stdout, stderr }).toEqual({ stdout: 'a\n', stderr: 'printed a\nwritten\n' });
});

test('--progress says how far it is, in lines where there is no terminal', async () => {
  using folder = new Folder();
  const files = [folder.write('lines', numberedLines(1000))];
  const { stdout, stderr } = await runMap('echo', { files, options: ['--progress'] });
  expect(stdout).toBe(numberedLines(1000));
  expect(stderr).toMatch(
    /^forkyard map: 100 % \| 0\.0 MB read \| 1000 lines \| \d+ lines\/s \| 0 failed\n$/m,
  );
  const piped = await runMap('echo', { input: 'a\n', options: ['--progress'] });
  expect(piped.stderr).toMatch(/^forkyard map: 0\.0 MB read \| 1 lines/m);
});

test('the help has every option, the ways it ends, and examples that work', async () => {
  const { stdout, exitCode } = await runCli(['map', '--help']);
  expect(exitCode).toBe(0);
  const names = [
    '--workers',
    '--cpus',
    '--priority',
    '--lines',
    '--json',
    '--unordered',
    '--keep-going',
    '--retries',
  ];
  names.push('--timeout', '--concurrency', '--chunk-size', '--init', '--progress', 'Exit status:');
  for (const name of names) expect(stdout).toContain(name);
  const [, source = ''] = /# tasks\.js\n {2}(export .*)\n/.exec(stdout) ?? [];
  using folder = new Folder();
  folder.write('tasks.mjs', source);
  const line = '10.0.0.1 - - [10/Oct/2024:13:55:36 +0000] "GET / HTTP/1.0" 200 2326\n';
  const parsed = await runCli(['map', './tasks.mjs#parse'], { cwd: folder.path, input: line });
  expect(JSON.parse(parsed.stdout)).toEqual({ ip: '10.0.0.1', bytes: 2326 });
});

test('`forkyard` alone, --help and --version', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await runCli(['--version'])).toMatchObject({ exitCode: 0, stdout: `${version}\n` });
  const help = await runCli(['--help']);
  expect(help.exitCode).toBe(0);
  expect(help.stdout).toMatch(/^ {2}map /m);
  expect(await runCli([])).toMatchObject({ exitCode: 2, stdout: '', stderr: help.stdout });
  const { stdout } = await runShell(`${cli} --version`);
  expect(stdout).toBe(`${version}\n`);
});
