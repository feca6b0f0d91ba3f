// How the error of a task arrives, from every pool. What cannot be rebuilt: bad-input.test.ts. Called by pool.ts.
import { describe, expect, test } from 'vitest';
import type { Pool } from '../../lib/index.js';
import { failures, RegisteredError } from '../fixtures/pool/errors.mjs';
import { rejection } from './caught.js';

export function errorsConform(pool: () => Pool): void {
  describe('an error of a task', () => {
    test('is of the same class, with message, code, own properties, cause and the remote stack', async () => {
      const error = await rejection(pool().apply(failures.typed));
      expect(error.constructor).toBe(TypeError);
      expect(error).toMatchObject({
        name: 'TypeError',
        message: 'no such thing',
        code: 'ENOTHING',
        place: { line: 7, tags: ['a', 'b'] },
      });
      expect(error.cause).toBeInstanceOf(RangeError);
      expect((error.cause as Error).message).toBe('the cause');
      expect(error.stack).toMatch(/errors\.mjs:\d+/);
      expect((error.cause as Error).stack).toMatch(/errors\.mjs:\d+/);
    });

    test('thrown by the language, by Node, by the web platform, by this package', async () => {
      const range = await rejection(pool().apply(failures.range));
      expect(range).toBeInstanceOf(RangeError);
      const system = await rejection(pool().apply(failures.system));
      expect(system).toMatchObject({ code: 'ENOENT', syscall: 'open', path: '/does/not/exist', errno: -2 });
      expect(system).toBeInstanceOf(Error);
      const abort = await rejection(pool().apply(failures.abort));
      expect(abort).toMatchObject({ name: 'AbortError', message: 'stopped' });
      expect(abort).toBeInstanceOf(DOMException);
      const own = await rejection(pool().apply(failures.forkyard));
      expect(own).toMatchObject({
        name: 'WorkerLostError',
        code: 'ERR_FORKYARD_WORKER_LOST',
        message: 'made by hand',
        pid: 5,
        exitCode: -9,
        signal: 'SIGKILL',
        task: 'x',
      });
    });

    test('AggregateError with its errors', async () => {
      const error = (await rejection(pool().apply(failures.aggregate))) as unknown as AggregateError;
      expect(error).toBeInstanceOf(AggregateError);
      expect(error.message).toBe('all failed');
      expect(error.errors).toHaveLength(3);
      expect(error.errors[0]).toBeInstanceOf(TypeError);
      expect(error.errors[1]).toBeInstanceOf(RangeError);
      expect(error.errors[2]).toBe('third');
    });

    test('of a registered class arrives as that class', async () => {
      const error = await rejection(pool().apply(failures.registered));
      expect(error).toBeInstanceOf(RegisteredError);
      expect((error as unknown as RegisteredError).describe()).toBe('too much (limit 12)');
    });

    test.each([['text'], [0], [null], [undefined], [false], [{ code: 1 }], [[1, 2]], [10n]])(
      'what is thrown need not be an error: %o',
      async (value) => {
        let thrownValue: unknown = 'nothing was thrown';
        await pool()
          .apply(failures.value, [value])
          .catch((error: unknown) => {
            thrownValue = error;
          });
        expect(thrownValue).toEqual(value);
      },
    );

    test('whose cause is itself', async () => {
      const error = await rejection(pool().apply(failures.cyclicCause));
      expect(error.cause).toBe(error);
    });

    test('of several MB, twice at once', async () => {
      const errors = await Promise.all([
        rejection(pool().apply(failures.large)),
        rejection(pool().apply(failures.large)),
      ]);
      for (const error of errors) {
        expect(error.message).toHaveLength(3_000_000);
        expect(error['more']).toHaveLength(2_000_000);
      }
    });

    test('does not come with the local properties that a user can see on others', async () => {
      const error = await rejection(pool().apply(failures.plain));
      expect(Object.keys(error)).toEqual([]);
      expect(error.constructor).toBe(Error);
    });
  });
}
