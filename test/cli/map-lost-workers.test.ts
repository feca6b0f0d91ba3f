// `forkyard map` with lines that take their worker along or never end: that line fails, and no other.
// Lines that only throw are map-failures.test.ts.
import { describe, expect, test } from 'vitest';
import { Folder, numberedLines, runMap } from './support.js';

const keepGoing = ['--keep-going'];

describe('a line that kills its worker', () => {
  test('fails with its number; what comes before it is written', async () => {
    const { stdout, stderr, exitCode } = await runMap('dies', {
      input: `${numberedLines(300)}die\n${numberedLines(300)}`,
    });
    expect({ stdout, exitCode }).toEqual({ stdout: numberedLines(300), exitCode: 1 });
    expect(stderr).toMatch(
      /^forkyard map: <stdin>:301: WorkerLostError: the worker \(pid \d+\) ended by SIGKILL while it ran this line\n$/,
    );
  });

  test.each([
    [[]],
    [['--unordered']],
    [['--chunk-size', '1']],
    [['--chunk-size', '40']],
    [['--concurrency', '5']],
  ])('fails alone with --keep-going, whatever the batches (%j)', async (more) => {
    const input = `die\n${numberedLines(100)}die\ndie\n${numberedLines(100)}exit\n`;
    const { stdout, stderr, exitCode } = await runMap('dies', { input, options: [...keepGoing, ...more] });
    expect(exitCode).toBe(1);
    expect(sorted(stdout)).toEqual(sorted(numberedLines(100) + numberedLines(100)));
    for (const line of [1, 102, 103])
      expect(stderr).toMatch(new RegExp(`<stdin>:${line}: .* ended by SIGKILL`));
    expect(stderr).toMatch(/<stdin>:204: .* ended with exit code 3/);
    expect(stderr).toContain('forkyard map: 4 of 204 lines failed\n');
  });

  test('is tried again with --retries', async () => {
    using folder = new Folder();
    const input = `${numberedLines(20)}die ${folder.pathOf('died')}\n${numberedLines(20)}`;
    const { stdout, stderr, exitCode } = await runMap('dies', { input, options: ['--retries', '1'] });
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toBe(input);
    const failed = await runMap('dies', { input: 'die\n', options: ['--retries', '2'] });
    expect(failed).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('<stdin>:1: WorkerLostError'),
    });
  });

  test('in a row of many does not end the others', async () => {
    const input = `${'die\n'.repeat(15)}${numberedLines(3)}`;
    const { stdout, stderr, exitCode } = await runMap('dies', { input, options: keepGoing });
    expect({ stdout, exitCode }).toEqual({ stdout: numberedLines(3), exitCode: 1 });
    expect(stderr.match(/WorkerLostError/g)).toHaveLength(15);
  });
});

describe('a line that never ends', () => {
  test.each(['loop', 'never'])('%s: fails after --timeout, and no other with it', async (word) => {
    const input = `${numberedLines(50)}${word}\n${numberedLines(50)}`;
    const { stdout, stderr, exitCode } = await runMap('hangs', {
      input,
      options: [...keepGoing, '--timeout', '300ms'],
    });
    expect({ stdout, exitCode }).toEqual({ stdout: numberedLines(50) + numberedLines(50), exitCode: 1 });
    expect(stderr).toContain('forkyard map: <stdin>:51: TimeoutError: not done after 300 ms\n');
  });

  test.each(['loop', 'never'])('%s: so it is among overlapping calls', async (word) => {
    const input = `${numberedLines(5)}${word}\n${numberedLines(5)}`;
    const options = [...keepGoing, '--timeout', '500ms', '--concurrency', '4', '--chunk-size', '20'];
    const { stdout, stderr, exitCode } = await runMap('hangs', { input, options });
    expect({ stdout, exitCode }).toEqual({ stdout: numberedLines(5) + numberedLines(5), exitCode: 1 });
    expect(stderr).toMatch(/<stdin>:6: TimeoutError: not done after 500 ms/);
  });

  test('ends everything without --keep-going', async () => {
    const { stdout, stderr, exitCode } = await runMap('hangs', {
      input: '1\nloop\n2\n',
      options: ['--timeout', '300'],
    });
    expect({ stdout, exitCode }).toEqual({ stdout: '1\n', exitCode: 1 });
    expect(stderr).toBe('forkyard map: <stdin>:2: TimeoutError: not done after 300 ms\n');
  });
});

function sorted(text: string): string[] {
  return text.split('\n').sort();
}
