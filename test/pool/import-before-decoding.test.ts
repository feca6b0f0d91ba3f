// The module of a task is imported before its arguments are decoded: it may register their classes. Tasks among the arguments are
// the tasks themselves, at their first arrival as at all others. Each test has a fresh worker, for which everything is new.
import { describe, expect, onTestFinished, test } from 'vitest';
import { Pool, type PoolOptions, Process, Queue, type StartMethodName } from '../../lib/index.js';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { Account, Bankrupt, Money, money } from '../fixtures/tasks/money.mjs';
import { other } from '../fixtures/tasks/other.mjs';
import { waiting } from '../fixtures/tasks/other-waiting.mjs';

describe.each<StartMethodName>(['forkserver', 'spawn'])('started by %s', (startMethod) => {
  function open(options: PoolOptions = {}): Pool {
    const pool = new Pool({ processes: 1, startMethod, ...options });
    onTestFinished(() => pool[Symbol.asyncDispose]());
    return pool;
  }

  test("an instance of a class that the task's module registers arrives in the first call", async () => {
    expect(await open().apply(money.double, [new Money(1)])).toEqual(new Money(2));
  });

  test('and in the first chunk of a map', async () => {
    expect(await open().map(money.double, [new Money(1), new Money(2)], { chunkSize: 2 })).toEqual([
      new Money(2),
      new Money(4),
    ]);
  });

  test('an error of a class that it registers arrives as one', async () => {
    expect(await open().apply(money.isBankrupt, [new Bankrupt('gone')])).toBe(true);
  });

  test('beside bytes that travel in shared memory', async () => {
    const bytes = new Uint8Array(100_000).fill(7);
    const [size, first, doubled] = await open().apply(money.sizeAndDouble, [bytes, new Money(4)]);
    expect([size, first, doubled]).toEqual([100_000, 7, new Money(8)]);
  });

  test('in a message that is longer than the ring', async () => {
    const values = Array.from({ length: 50_000 }, (_, n) => new Money(n % 10));
    expect(await open().apply(money.sum, [values])).toBe(450_000);
  });

  test('many first calls at once, some before the worker knows the task', async () => {
    const pool = open({ processes: 2, concurrency: 4 });
    const calls = Array.from({ length: 50 }, (_, n) => pool.apply(money.double, [new Money(n)]));
    expect(await Promise.all(calls)).toEqual(calls.map((_, n) => new Money(2 * n)));
  });

  test('in initargs', async () => {
    const pool = open({ initializer: money.begin, initargs: [new Money(3)] });
    expect(await pool.apply(money.initial)).toEqual(new Money(6));
  });

  test('as an argument of a Process, and as a field of a subclass', async () => {
    const child = new Process({ target: money.double, args: [new Money(5)], startMethod });
    child.start();
    expect(await child.result).toEqual(new Money(10));
    const account = new Account({ startMethod });
    account.balance = new Money(7);
    account.start();
    expect(await account.result).toEqual(new Money(14));
    await Promise.all([child.join(), account.join()]);
  });

  test('a task among the arguments is the task itself, at its first arrival and the next', async () => {
    const pool = open();
    for (let n = 0; n < 2; n++)
      expect(await pool.apply(money.call, [other.half, 4])).toEqual(['number', 'half']);
  });

  test('also of a task that the worker knows already', async () => {
    const pool = open();
    await pool.apply(money.call, [money.initial, 4]);
    for (let n = 0; n < 2; n++)
      expect(await pool.apply(money.call, [other.half, 4])).toEqual(['number', 'half']);
  });

  test('one of a module that has to be waited for is loaded before it can be called', async () => {
    const pool = open();
    for (let n = 0; n < 2; n++) expect(await pool.apply(money.callLater, [waiting.half, 4])).toBe('number');
    const known = open();
    await known.apply(money.callLater, [other.half, 4]);
    expect(await known.apply(money.callLater, [waiting.half, 4])).toBe('number');
    const child = new Process({ target: money.callLater, args: [waiting.half, 4], startMethod });
    child.start();
    expect(await child.result).toBe('number');
    await child.join();
  });

  test('a task out of a queue is the task itself', async () => {
    const pool = open();
    const queue = new Queue<unknown>();
    await queue.put(other.half);
    expect(await pool.apply(tasks.callFromQueue, [queue, 4])).toEqual(['number', 'half']);
  });
});
