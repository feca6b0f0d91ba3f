// The asynchronous context that a task finds: nothing, whatever the tasks before it and beside it have put into theirs.
import { describe, expect, test } from 'vitest';
import type { StartMethodName } from '../../lib/index.js';
import { tasks, Witness } from '../fixtures/pool/contexts.mjs';
import { tasks as entering } from '../fixtures/pool/entering-module.mjs';
import { openPool } from '../helpers/open-pool.js';

const nothings = (count: number) => Array(count).fill('nothing');

describe.each<StartMethodName>(['forkserver', 'spawn'])('started by %s', (startMethod) => {
  const open = (options = {}) => openPool({ processes: 1, startMethod, ...options });

  test.each(['enter', 'enterAndThrow', 'leaveTimers', 'enterAndAwait'] as const)(
    '%s in one task is seen by none of the 50 after it',
    async (leave) => {
      const pool = open();
      await pool.apply(tasks.find);
      await pool.apply(tasks[leave] as never);
      const left = pool.apply(tasks[leave] as never, ['somebody']).catch(() => {});
      const withIt = Array.from({ length: 25 }, () => pool.apply(tasks.find));
      await left;
      const found = await Promise.all(withIt);
      for (let index = 0; index < 25; index++) found.push(await pool.apply(tasks.find));
      expect(found).toEqual(nothings(50));
    },
  );

  test('each task that enters one finds nothing before', async () => {
    const pool = open();
    const values = Array.from({ length: 50 }, (_, index) => index);
    expect(await Promise.all(values.map((value) => pool.apply(tasks.enter, [value])))).toEqual(nothings(50));
    expect(await Promise.all(values.map((value) => pool.apply(tasks.leaveTimers, [value])))).toEqual(
      nothings(50),
    );
    expect(await Promise.all(values.map(() => pool.apply(tasks.findLater)))).toEqual(nothings(50));
  });

  test('so does each item of a chunk', async () => {
    const pool = open();
    const items = Array.from({ length: 20 }, (_, index) => index);
    expect(await pool.map(tasks.enter, items, { chunkSize: 10 })).toEqual(nothings(20));
    expect(
      await pool.starmap(
        tasks.enter,
        items.map((item) => [item] as [number]),
        { chunkSize: 10 },
      ),
    ).toEqual(nothings(20));
  });

  test.each([1, 4])(
    'an asynchronous task keeps its own across awaits, with concurrency %i',
    async (concurrency) => {
      const pool = open({ concurrency });
      const items = Array.from({ length: 20 }, (_, index) => index);
      const own = items.map((item) => ['nothing', item, item]);
      expect(await Promise.all(items.map((item) => pool.apply(tasks.enterAndAwait, [item])))).toEqual(own);
      expect(await pool.map(tasks.enterAndAwait, items, { chunkSize: 10 })).toEqual(own);
    },
  );

  test('the initializer finds nothing, and what it leaves is not found', async () => {
    const pool = open({ initializer: tasks.initialize, initargs: ['the initializer'] });
    expect(await pool.apply(tasks.initializerFound)).toBe('nothing');
    expect(await Promise.all(Array.from({ length: 10 }, () => pool.apply(tasks.find)))).toEqual(nothings(10));
  });

  test('the import of a module finds nothing, and what it leaves is not found', async () => {
    const pool = open();
    await pool.apply(tasks.enter);
    const left = pool.apply(tasks.enter, ['somebody']);
    expect(await Promise.all([left, pool.apply(entering.foundByImport)])).toEqual(['nothing', 'nothing']);
    expect(await pool.apply(entering.foundByTask)).toBe('nothing');
    expect(await pool.apply(tasks.find)).toBe('nothing');
  });

  test("values are revived and dumped in nobody else's", async () => {
    const pool = open();
    await pool.apply(tasks.enter);
    await pool.apply(tasks.witness, [new Witness()]);
    const left = pool.apply(tasks.enter, ['somebody']);
    const calls = Array.from({ length: 10 }, () => pool.apply(tasks.witness, [new Witness()]));
    await left;
    for (const call of calls) {
      const [loaded, { dumped }] = (await call) as [string, { dumped: string }];
      expect([loaded, dumped]).toEqual(['nothing', 'nothing']);
    }
  });

  test('nobody notices that the first use is looked out for', async () => {
    const pool = open();
    const { before, after, ...uses } = await pool.apply(tasks.methods);
    expect(before).toEqual(after);
    expect(before.map(({ name }) => name)).toEqual(['run', 'enterWith']);
    expect(uses).toEqual({ result: [1, 2, 3], kept: 5, entered: 6 });
  });
});
