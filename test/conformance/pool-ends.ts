// How every pool ends: close, terminate, join, disposal; nothing stays pending. Called by pool.ts.
import { describe, expect, test } from 'vitest';
import type { Pool, PoolOptions } from '../../lib/index.js';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { drained, rejection } from './caught.js';
import { generate, generateLater, neverReady } from './inputs.js';
import { mark } from './marks.js';

export function endsConform(make: (options: number | PoolOptions) => Pool): void {
  describe('the end', () => {
    test('close: what was given is done, then the workers end', async () => {
      const pool = make(2);
      const pending = [
        pool.map(tasks.square, [1, 2, 3], { chunkSize: 1 }),
        pool.starmap(tasks.add, [[1, 2]]),
        pool.apply(tasks.later, ['x', 20]),
        pool.map(tasks.square, generateLater(5)),
      ];
      const stream = drained(pool.imap(tasks.square, generate(30)));
      pool.close();
      pool.close();
      expect(pool.stats().state).toBe('closing');
      await pool.join();
      expect(await Promise.all(pending)).toEqual([[1, 4, 9], [3], 'x', [0, 1, 4, 9, 16]]);
      expect((await stream).values).toEqual(Array.from({ length: 30 }, (_, n) => n * n));
      await pool.join();
    });

    test('terminate: everything pending rejects, and join resolves', async () => {
      const pool = make(2);
      const mine = mark();
      const pending = [
        pool.apply(tasks.spin, [mine.path]),
        pool.apply(tasks.hang, [mine.path]),
        ...Array.from({ length: 200 }, (_, n) => pool.apply(tasks.square, [n])),
        pool.map(tasks.square, [1, 2, 3]),
        pool.imap(tasks.square, [1, 2, 3]).next(),
        pool.imapUnordered(tasks.square, generate(1000)).next(),
        pool.imap(tasks.square, neverReady()).next(),
      ];
      const settled = Promise.allSettled(pending);
      await mine.reached(2);
      pool.terminate();
      pool.terminate();
      await pool.join();
      for (const outcome of await settled) {
        expect(outcome).toMatchObject({
          status: 'rejected',
          reason: { name: 'BrokenPoolError', code: 'ERR_FORKYARD_POOL_TERMINATED' },
        });
      }
      expect(pool.stats()).toMatchObject({ state: 'terminated', unsettled: 0 });
    });

    test('terminate: a map whose input never comes rejects too', async () => {
      const pool = make(1);
      const pending = [
        rejection(pool.map(tasks.square, neverReady())),
        rejection(pool.starmap(tasks.add, neverReady())),
      ];
      await pool.apply(tasks.square, [1]);
      pool.terminate();
      await pool.join();
      for (const promise of pending)
        expect(await promise).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
    });

    test('terminate right after the start, and in the midst of the start', async () => {
      const pool = make(2);
      const pending = rejection(pool.apply(tasks.square, [2]));
      pool.terminate();
      expect(await pending).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
      await pool.join();
    });

    test('terminate after close', async () => {
      const pool = make(1);
      const mine = mark();
      const pending = rejection(pool.apply(tasks.spin, [mine.path]));
      pool.close();
      await mine.reached();
      pool.terminate();
      await pool.join();
      expect(await pending).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
    });

    test('terminate called by what is told of a result', async () => {
      const pool = make(1);
      const pending: Promise<unknown>[] = [];
      const first = pool.apply(tasks.square, [2]).then(() => {
        pending.push(rejection(pool.apply(tasks.square, [3])));
        pool.terminate();
        pending.push(rejection(pool.apply(tasks.square, [4])));
      });
      pending.push(rejection(pool.apply(tasks.hang, [mark().path])));
      await first;
      await pool.join();
      expect(await Promise.all(pending)).toMatchObject([
        { code: 'ERR_FORKYARD_POOL_TERMINATED' },
        { code: 'ERR_FORKYARD_POOL_TERMINATED' },
        { code: 'ERR_FORKYARD_POOL_CLOSED' },
      ]);
    });

    test('disposal terminates and joins', async () => {
      let pending: Promise<unknown>;
      {
        await using pool = make(1);
        expect(await pool.apply(tasks.square, [6])).toBe(36);
        pending = rejection(pool.apply(tasks.later, [1, 60_000]));
      }
      expect(await pending).toMatchObject({ code: 'ERR_FORKYARD_POOL_TERMINATED' });
    });
  });
}
