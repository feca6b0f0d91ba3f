// `forkyard map` where something goes wrong: what is told, what is written all the same, and with which status it ends.
// Lines that take their worker along are map-lost-workers.test.ts, readers that leave map-streams.test.ts.
import { describe, expect, test } from 'vitest';
import { until } from '../helpers/until.js';
import { Folder, numberedLines, runCli, runMap, runShell, startMap } from './support.js';

const keepGoing = ['--keep-going'];

describe('a line that fails', () => {
  test('is told with its number, error and place; results before it are written, none after it', async () => {
    const input = `${numberedLines(5000)}bad\n${numberedLines(5000)}`;
    const { stdout, stderr, exitCode } = await runMap('refuse', { input });
    expect({ stdout, exitCode }).toEqual({ stdout: numberedLines(5000), exitCode: 1 });
    expect(stderr).toMatch(
      /^forkyard map: <stdin>:5001: RangeError: refused bad \(cause: Error: it is bad\)\n {4}at refuse \(file:.*\/tasks\.mjs:\d+:\d+\)\n$/,
    );
  });

  test('with --unordered: what was begun before it is written all the same', async () => {
    using folder = new Folder();
    const gate = folder.pathOf('gate');
    const input = `wait ${gate}\nbad\n${numberedLines(1000)}`;
    const options = ['--unordered', '--chunk-size', '1'];
    await using map = startMap('waitOrRefuse', { input, options });
    await until(() => map.stderr.includes('refusing'));
    folder.write('gate', '');
    const { stdout, stderr, exitCode } = await map.ended;
    expect(exitCode).toBe(1);
    expect(stdout).toContain('waited\n');
    expect(stderr).toContain('forkyard map: <stdin>:2: RangeError: refused bad');
  });

  test('is left out with --keep-going, and counted', async () => {
    const input = `${numberedLines(3000)}bad\n${numberedLines(3000)}bad too\n`;
    const { stdout, stderr, exitCode } = await runMap('refuse', { input, options: keepGoing });
    expect({ stdout, exitCode }).toEqual({ stdout: numberedLines(3000) + numberedLines(3000), exitCode: 1 });
    const told = stderr.split('\n').filter((line) => !line.startsWith('    at '));
    expect(told).toEqual([
      'forkyard map: <stdin>:3001: RangeError: refused bad (cause: Error: it is bad)',
      'forkyard map: <stdin>:6002: RangeError: refused bad too (cause: Error: it is bad)',
      'forkyard map: 2 of 6002 lines failed',
      '',
    ]);
    // The place is the same, so it is shown once.
    expect(stderr.match(/at refuse/g)).toHaveLength(1);
  });

  test('has its number in its own file, in any order', async () => {
    using folder = new Folder();
    const files = [folder.write('one', 'bad\na\n'), folder.write('two', '\n\nb\nbad')];
    for (const options of [keepGoing, [...keepGoing, '--unordered'], [...keepGoing, '--chunk-size', '2']]) {
      const { stdout, stderr, exitCode } = await runMap('refuse', { files, options });
      expect({ lines: stdout.split('\n').sort(), exitCode }).toEqual({
        lines: ['', '', '', 'a', 'b'],
        exitCode: 1,
      });
      expect(stderr).toContain(`forkyard map: ${files[0]}:1: RangeError: refused bad`);
      expect(stderr).toContain(`forkyard map: ${files[1]}:4: RangeError: refused bad`);
    }
  });

  test('among overlapping calls: what comes before it is written', async () => {
    const options = ['--concurrency', '8', '--chunk-size', '50'];
    const input = `${numberedLines(20)}bad\n${numberedLines(20)}`;
    const { stdout, stderr, exitCode } = await runMap('refuse', { input, options });
    expect({ stdout, exitCode }).toEqual({ stdout: numberedLines(20), exitCode: 1 });
    expect(stderr).toContain('<stdin>:21: ');
  });

  test('very often: its place is shown once, and all are told', async () => {
    const { stdout, stderr, exitCode } = await runMap('refuse', {
      input: numberedLines(20_000, 'bad'),
      options: keepGoing,
    });
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
    expect(stderr.match(/RangeError: refused/g)).toHaveLength(20_000);
    expect(stderr.match(/at refuse/g)).toHaveLength(1);
    expect(stderr).toMatch(/forkyard map: 20000 of 20000 lines failed\n$/);
  });

  test('is tried again with --retries', async () => {
    for (const name of ['failsAtFirst', 'failsLaterAtFirst']) {
      const once = await runMap(name, { input: 'a\nb\n', options: ['--retries', '1'] });
      expect(once).toMatchObject({ exitCode: 0, stdout: 'a\nb\n', stderr: '' });
      const never = await runMap(name, { input: 'a\nb\n' });
      expect(never).toMatchObject({ exitCode: 1, stdout: '' });
      expect(never.stderr).toContain('<stdin>:1: Error: not yet a');
    }
  });
});

describe('what is no result of one line', () => {
  test.each([
    ['"a\\nb"', 'auto', 'TypeError: the result has a newline in it'],
    ['"a\\nb"', 'lines', 'TypeError: the result has a newline in it'],
    [
      '({})',
      'lines',
      'TypeError: the result is an instance of Object; with --lines it must be a string, number',
    ],
    ['undefined', 'lines', 'TypeError: the result is undefined; with --lines'],
    ['10n', 'auto', 'TypeError: Do not know how to serialize a BigInt'],
    [
      '(() => { const a = []; a[0] = a; return a; })()',
      'auto',
      'TypeError: Converting circular structure to JSON',
    ],
    ['() => 1', 'auto', 'TypeError: the result is a function, which JSON does not have'],
    ['Symbol("x")', 'json', 'TypeError: the result is Symbol(x), which JSON does not have'],
    ['Promise.reject(5)', 'auto', 'threw 5'],
    [
      'Promise.reject(new Proxy({}, { getPrototypeOf() { throw 1 } }))',
      'auto',
      'threw an instance of Object',
    ],
    ['({ toJSON() { throw new Error("no") } })', 'auto', 'Error: no'],
  ])('%s (%s)', async (expression, format, message) => {
    const input = format === 'json' ? `${JSON.stringify(expression)}\n"1"\n` : `${expression}\n1\n`;
    const options = [...keepGoing, ...(format === 'auto' ? [] : [`--${format}`])];
    const { stdout, stderr, exitCode } = await runMap('evaluate', { input, options });
    expect({ stdout, exitCode }).toEqual({ stdout: '1\n', exitCode: 1 });
    expect(stderr).toContain(`forkyard map: <stdin>:1: ${message}`);
  });
});

test('a line that is no JSON, and one that was cut off', async () => {
  const { stdout, stderr, exitCode } = await runMap('field', {
    input: '{"name":1}\n{name:2}\n{"name":3}\n{"name": "tr',
    options: ['--json', ...keepGoing],
  });
  expect({ stdout, exitCode }).toEqual({ stdout: '1\n3\n', exitCode: 1 });
  expect(stderr).toContain('forkyard map: <stdin>:2: SyntaxError: not JSON: Expected property name');
  expect(stderr).toContain('forkyard map: <stdin>:4: SyntaxError: not JSON: Unterminated string in JSON');
});

describe('a file that cannot be read', () => {
  test('ends it after the results of those before; with --keep-going the others are read too', async () => {
    using folder = new Folder();
    const files = [
      folder.write('one', 'a\nb'),
      folder.pathOf('missing'),
      folder.path,
      folder.write('two', 'c\n'),
    ];
    const stopped = await runMap('upper', { files });
    expect(stopped).toMatchObject({
      exitCode: 1,
      stdout: 'A\nB\n',
      stderr: `forkyard map: cannot read ${files[1]}: ENOENT: no such file or directory\n`,
    });
    const unordered = await runMap('upper', { files, options: ['--unordered'] });
    expect(unordered.exitCode).toBe(1);
    expect(unordered.stdout.split('\n').sort()).toEqual(['', 'A', 'B']);
    const whole = await runMap('upper', { files, options: keepGoing });
    expect(whole).toMatchObject({ exitCode: 1, stdout: 'A\nB\nC\n' });
    expect(whole.stderr).toContain(`cannot read ${folder.path}: EISDIR: illegal operation on a directory`);
    expect(whole.stderr).toMatch(/forkyard map: 2 inputs could not be read\n$/);
  });

  test('standard input that is a folder', async () => {
    const { exitCode, stderr } = await runShell('$MAP ./tasks.mjs#upper < /tmp');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: 'forkyard map: cannot read <stdin>: EISDIR: illegal operation on a directory\n',
    });
  });
});

describe('wrong usage is told before any input is read, with status 2', () => {
  test.each([
    [
      'an export that is not there',
      ['./tasks.mjs#uper'],
      "neither defines nor exports it; did you mean 'upper'",
    ],
    [
      'an export that is no function',
      ['./tasks.mjs#notAFunction'],
      'that is 3, not a function; export a function',
    ],
    [
      'a module that is not there',
      ['./task.mjs#upper'],
      "cannot find the module './task.mjs'; did you mean './tasks.mjs'",
    ],
    ['a folder as module', ['..#x'], "cannot find the module '..'"],
    [
      'a package that is not there',
      ['no-such-package'],
      "cannot find the module 'no-such-package': neither a file, nor a package",
    ],
    ['a module that throws', ['./throws.mjs#x'], 'importing file:', 'failed: Error: this module is broken'],
    [
      'a module that ends the process',
      ['../pool/exiting-module.mjs#work'],
      'it ended the process, with exit code 3',
    ],
    ['no name after the #', ['./tasks.mjs#'], "'./tasks.mjs#' is no <module>#<export>"],
    ['no function', [], "missing required argument 'function'"],
    [
      'an --init that is not there',
      ['--init', './tasks.mjs#initialize', './tasks.mjs#upper'],
      "did you mean 'initialise'",
    ],
    [
      'an unknown option',
      ['--worker', '2', './tasks.mjs#upper'],
      "unknown option '--worker'",
      'Did you mean --workers?',
    ],
    ['no worker', ['--workers', '0', './tasks.mjs#upper'], 'It must be a whole number from 1 to'],
    ['half a worker', ['--workers', '1.5', './tasks.mjs#upper'], 'It must be a whole number'],
    ['a negative chunk', ['--chunk-size', '-1', './tasks.mjs#upper'], 'It must be a whole number from 1 to'],
    ['no retries', ['--retries', 'some', './tasks.mjs#upper'], 'It must be a whole number from 0 to 1000'],
    ['no time', ['--timeout', '0', './tasks.mjs#upper'], 'It must be a time like 500ms'],
    ['another unit', ['--timeout', '5 weeks', './tasks.mjs#upper'], 'It must be a time like 500ms'],
    [
      'a priority out of range',
      ['--priority', '20', './tasks.mjs#upper'],
      'It must be a whole number from -20 to 19',
    ],
    [
      'no CPUs',
      ['--cpus', '0,x', './tasks.mjs#upper'],
      "It must be a list of CPUs like 0-3,5, or 'spread' or 'compact'",
    ],
    [
      'CPUs that are not there',
      ['--cpus', '9999', './tasks.mjs#upper'],
      "'cpus' must be CPUs that this process may use",
    ],
    ['two formats', ['--json', '--lines', './tasks.mjs#upper'], 'cannot be used with option'],
    ['standard input twice', ['./tasks.mjs#upper', '-', '-'], "standard input ('-') can be read once only"],
  ])('%s', async (_, args, ...messages) => {
    // Input that stays open: it is not waited for.
    const { exitCode, stdout, stderr } = await runCli(['map', ...args], { input: null });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    for (const message of messages) expect(stderr).toContain(message);
    expect(stderr.split('\n').length).toBeLessThan(5);
  });

  test('an unknown command', async () => {
    const { exitCode, stderr } = await runCli(['mapp']);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: "forkyard: unknown command 'mapp'\n(Did you mean map?)\nSee forkyard --help\n",
    });
  });
});

test('an --init that fails ends it', async () => {
  const options = ['--init', './tasks.mjs#failToInitialise'];
  const { exitCode, stdout, stderr } = await runMap('upper', { input: 'a\n', options });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toBe('forkyard map: The initializer failed in a worker: no database\n');
});

test('an output that cannot be written ends it', async () => {
  const { exitCode, stderr } = await runShell(`seq 1 100000 | $MAP ./tasks.mjs#echo > /dev/full`);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringMatching(/^forkyard map: cannot write the results: ENOSPC/),
  });
});
