// The limits of shared memory: how long a buffer can be, how many a thread can hold. Each is told as what it is.
import { constants } from 'node:buffer';
import { expect, test } from 'vitest';
import { runScript } from '../helpers/run-script.js';

test.skipIf(constants.MAX_LENGTH > 2 ** 34)(
  'a buffer longer than Node can have is refused before anything is made (skipped where Node has no such limit)',
  async () => {
    const result = await runScript(new URL('../fixtures/limits/too-long.mjs', import.meta.url));
    expect(result).toMatchObject({ exitCode: 0, signal: null, stderr: '' });
    const { errors, used, value } = JSON.parse(result.stdout);
    const tooLong = /^ERR_FORKYARD_BUFFER_TOO_LONG: .*4294967296/;
    expect(errors).toEqual([
      expect.stringMatching(tooLong),
      expect.stringMatching(tooLong),
      expect.stringMatching(tooLong),
      expect.stringMatching(/^ERR_FORKYARD_NO_SUCH_NAME/),
      expect.stringMatching(tooLong),
    ]);
    expect(used).toBe(0);
    expect(value).toBe(7);
  },
);

test('18,000 results in shared memory are kept, though a thread can refer to 16,384 blocks', async () => {
  const result = await runScript(new URL('../fixtures/limits/kept-results.mjs', import.meta.url));
  expect(result).toMatchObject({ exitCode: 0, signal: null, stderr: '' });
  expect(JSON.parse(result.stdout)).toEqual({ kept: 18_000, wrong: 0, sum: 6, viaQueue: 1 });
});
