// What a pool does with the inputs of its calls: in whose context they run, and what becomes of results that nobody takes.
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { RLock } from '../../lib/index.js';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';

const context = new AsyncLocalStorage<string>();

async function allOf<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe('an input runs in the asynchronous context of its call', () => {
  // More chunks than the pool holds at a time: the later ones are drawn when results come.
  const count = 200;

  function* numbers(seen: Set<unknown>): Generator<number> {
    try {
      for (let n = 0; n < count; n++) {
        seen.add(context.getStore());
        yield n;
      }
    } finally {
      seen.add(context.getStore());
    }
  }

  async function* laterNumbers(seen: Set<unknown>): AsyncGenerator<number> {
    for (const n of numbers(seen)) {
      await Promise.resolve();
      seen.add(context.getStore());
      yield n;
    }
  }

  test.each([
    ['a generator', numbers],
    ['an asynchronous generator', laterNumbers],
  ])('of imap, %s', async (_, input) => {
    const pool = openPool(2);
    const seen = new Set<unknown>();
    const results = context.run('of the call', () => pool.imap(tasks.square, input(seen)));
    let taken = 0;
    // Taken by somebody else.
    await context.run('of the reader', async () => {
      for await (const _ of results) taken++;
    });
    expect(taken).toBe(count);
    expect([...seen]).toEqual(['of the call']);
  });

  test('of imap, when it is ended by an error of a task', async () => {
    const pool = openPool(1);
    const seen = new Set<unknown>();
    const results = context.run('of the call', () => pool.imap(tasks.setUpFails as never, numbers(seen)));
    await expect(results.next()).rejects.toThrow();
    expect([...seen]).toEqual(['of the call']);
  });

  test('of map, getters of its items', async () => {
    const pool = openPool(1);
    const seen = new Set<unknown>();
    const item = {
      get value() {
        seen.add(context.getStore());
        return 2;
      },
    };
    const items = Array.from({ length: 50 }, () => item);
    await context.run('of the call', () => pool.map(tasks.echo as never, items, { chunkSize: 1 }));
    expect([...seen]).toEqual(['of the call']);
  });

  test('of imap, an input that takes an RLock again which its caller holds', async () => {
    const pool = openPool(2);
    const lock = new RLock();
    function* guarded(): Generator<number> {
      for (let n = 0; n < count; n++) yield lock.runSync(() => n, { timeout: 5000 });
    }
    let taken = 0;
    await lock.run(async () => {
      for await (const _ of pool.imap(tasks.square, guarded())) taken++;
    });
    expect(taken).toBe(count);
  });
});

describe('close() and join() with an imap', () => {
  const items = Array.from({ length: 100 }, (_, n) => n);

  test('that nobody has read: all of it is done, and its results can be taken afterwards', async () => {
    const pool = openPool(2);
    const results = pool.imap(tasks.square, items);
    pool.close();
    await pool.join();
    expect(await allOf(results)).toEqual(items.map((n) => n * n));
  });

  test('that was read in part', async () => {
    const pool = openPool(2);
    const results = pool.imap(tasks.square, items);
    const first = [(await results.next()).value, (await results.next()).value];
    pool.close();
    await pool.join();
    expect([...first, ...(await allOf(results))]).toEqual(items.map((n) => n * n));
  });

  test('that is read on while it is joined', async () => {
    const pool = openPool(2);
    const results = pool.imapUnordered(tasks.square, items);
    pool.close();
    const joined = pool.join();
    const all = await allOf(results);
    await joined;
    expect(all.sort((a, b) => a - b)).toEqual(items.map((n) => n * n));
  });

  test('whose input was asynchronous and is not read to its end yet', async () => {
    const pool = openPool(1);
    const results = pool.imap(
      tasks.square,
      (async function* () {
        for (const item of items) yield await Promise.resolve(item);
      })(),
    );
    pool.close();
    await pool.join();
    expect(await allOf(results)).toEqual(items.map((n) => n * n));
  });
});
