// `forkyard map` and its workers: who gets which lines, what they print, how often they try.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Folder, numberedLines, runMap } from './support.js';

describe('lines that suddenly take long', () => {
  test('are shared among the workers, in order still', async () => {
    const cheap = 3000;
    const input = `${numberedLines(cheap)}${'slow\n'.repeat(60)}last\n`;
    const { stdout, exitCode } = await runMap('slowly', { input });
    const lines = stdout.split('\n').slice(0, -1);
    expect({ exitCode, lines: lines.length }).toEqual({ exitCode: 0, lines: cheap + 61 });
    const pids = lines.slice(cheap, cheap + 60);
    expect(lines.filter((line) => line !== '')).toEqual(pids);
    expect(new Set(pids).size).toBe(2);
  });

  test('keep their numbers where they fail', async () => {
    const input = `${numberedLines(2000)}${'slow\n'.repeat(20)}bad\n${'slow\n'.repeat(5)}`;
    const module = 'slowlyOrRefuse';
    const { stdout, stderr, exitCode } = await runMap(module, { input, options: ['--keep-going'] });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('<stdin>:2021: RangeError: refused bad');
    expect(stdout.split('\n')).toHaveLength(2000 + 20 + 5 + 1);
  });
});

test('what a function writes to its standard output does not come among the results', async () => {
  const { stdout, stderr, exitCode } = await runMap('writesToDescriptor', { input: numberedLines(50) });
  expect({ stdout, exitCode }).toEqual({ stdout: numberedLines(50), exitCode: 0 });
  expect(stderr.split('\n').filter((line) => line === 'not a result')).toHaveLength(50);
});

test('each attempt of a line has the whole --timeout, and there are no more than --retries says', async () => {
  using folder = new Folder();
  const log = folder.write('log', '');
  const { stderr, exitCode } = await runMap('throwsLate', {
    input: `${log}\n`,
    options: ['--timeout', '2s', '--retries', '5'],
  });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('<stdin>:1: Error: late');
  expect(readFileSync(log)).toHaveLength(6);
});

test('a byte order mark is no part of the first line', async () => {
  const { stdout } = await runMap('field', {
    input: '\ufeff{"name":"a"}\n{"name":"b"}\n',
    options: ['--json'],
  });
  expect(stdout).toBe('"a"\n"b"\n');
});

test('calls that could not overlap in their chunks are refused', async () => {
  const options = ['--concurrency', '10', '--chunk-size', '4'];
  const { stderr, exitCode } = await runMap('echo', { input: '1\n', options });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--concurrency 10 needs a --chunk-size of at least 10');
});
