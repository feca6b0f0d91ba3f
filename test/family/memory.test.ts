// The quota of the family's shared memory: said once, before the first use, and reported.
import { describe, expect, test } from 'vitest';
import { ForkyardError, memoryUse, setMemoryLimit } from '../../lib/index.js';
import { expectClear, thrown } from '../conformance/caught.js';
import { runScript } from '../helpers/run-script.js';

describe('setMemoryLimit', () => {
  test.each([0, -1, 1000, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('%d bytes', (bytes) => {
    expectClear(
      thrown(() => setMemoryLimit(bytes)),
      {
        class: RangeError,
        code: 'ERR_OUT_OF_RANGE',
        says: ['setMemoryLimit', String(bytes)],
      },
    );
  });

  test.each([['64MB'], [null], [undefined], [2n]])('%o is no number', (bytes) => {
    expectClear(
      thrown(() => setMemoryLimit(bytes as never)),
      {
        class: TypeError,
        code: 'ERR_INVALID_ARG_TYPE',
        says: ['setMemoryLimit', 'bytes'],
      },
    );
  });

  test('after the first use', () => {
    memoryUse();
    expectClear(
      thrown(() => setMemoryLimit(2 ** 30)),
      {
        class: ForkyardError,
        code: 'ERR_FORKYARD_ALREADY_RUNNING',
        says: ['setMemoryLimit', /before/],
      },
    );
  });

  test('is what memoryUse() says', async () => {
    const { stdout, exitCode } = await runScript(new URL('../fixtures/family/limit.mjs', import.meta.url));
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ limit: 40 * 2 ** 20, inChild: 40 * 2 ** 20 });
  });
});

test('memoryUse: whole MiB, below the limit', () => {
  const { bytesInUse, limitBytes } = memoryUse();
  expect(bytesInUse % 2 ** 20).toBe(0);
  expect(bytesInUse).toBeLessThanOrEqual(limitBytes);
  expect(limitBytes).toBeGreaterThan(2 ** 24);
});
