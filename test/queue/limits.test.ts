// Limits of queues: so many values, so much memory; what they grow to and give back; wrong arguments; and the faces of the classes.
import { describe, expect, test } from 'vitest';
import {
  getContext,
  JoinableQueue,
  memoryUse,
  Queue,
  QueueClosed,
  QueueEmpty,
  QueueFull,
  SimpleQueue,
} from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { tasks } from '../fixtures/queue/tasks.mjs';
import { runScript } from '../helpers/run-script.js';
import { until } from '../helpers/until.js';
import { numbers, resultOf, run, startMethods } from './support.js';

describe('maxSize', () => {
  test('so many values fit, and no more', async () => {
    const queue = new Queue(2);
    expect([queue.maxSize, queue.full(), queue.empty(), queue.qsize()]).toEqual([2, false, true, 0]);
    queue.putNowait('a');
    expect([queue.full(), queue.empty(), queue.qsize()]).toEqual([false, false, 1]);
    queue.putSync('b');
    expect([queue.full(), queue.qsize()]).toEqual([true, 2]);
    expect(thrown(() => queue.putNowait('c'))).toBeInstanceOf(QueueFull);
    expect(thrown(() => queue.putSync('c', { timeout: 2 }))).toBeInstanceOf(QueueFull);
    expect(await rejection(queue.put('c', { timeout: 2 }))).toBeInstanceOf(QueueFull);
    const later = queue.put('d');
    expect([queue.getNowait(), await queue.get()]).toEqual(['a', 'b']);
    await later;
    expect(queue.getSync()).toBe('d');
    expect(thrown(() => queue.getNowait())).toBeInstanceOf(QueueEmpty);
  });

  test.each([0, -1, -1000])('%d is no limit', (maxSize) => {
    const queue = new Queue<number>(maxSize);
    for (const n of numbers(5000)) queue.putNowait(n);
    expect([queue.maxSize, queue.full(), queue.qsize()]).toEqual([0, false, 5000]);
    expect(queue.getManySync(9999)).toEqual(numbers(5000));
  });

  test('putMany that finds no room in time says how many are in', async () => {
    for (const way of ['putMany', 'putManySync'] as const) {
      const queue = new Queue<number>(3);
      let error: Error | undefined;
      try {
        await queue[way]([1, 2, 3, 4, 5], { timeout: 5 });
      } catch (caught) {
        error = caught as Error;
      }
      expectClear(error, {
        class: QueueFull,
        code: 'ERR_FORKYARD_QUEUE_FULL',
        says: [`Queue.${way}`, 'it is full (maxSize: 3)', '3 were put in before'],
      });
      expect((error as QueueFull).put).toBe(3);
      expect(queue.getManySync(9)).toEqual([1, 2, 3]);
    }
    expect((thrown(() => new Queue(1).putManySync([1, 2], { timeout: 0 })) as never as QueueFull).put).toBe(
      1,
    );
  });

  test('putMany into a queue that is closed meanwhile', async () => {
    const queue = new Queue<number>(2);
    const putting = queue.putMany([1, 2, 3]);
    await until(() => queue.full());
    queue.close();
    expect(await rejection(putting)).toBeInstanceOf(QueueClosed);
    expect(queue.getManySync(9)).toEqual([1, 2]);
  });

  test.each(startMethods)('more than fit at a time, through a small one (%s)', async (startMethod) => {
    const queue = new Queue<number>(4);
    const child = run(tasks.putNumbers, [queue, 500], { startMethod });
    const got: number[] = [];
    while (got.length < 500) {
      got.push(...(await queue.getMany(10)));
      expect(queue.qsize()).toBeLessThanOrEqual(4);
    }
    expect(got).toEqual(numbers(500));
    await child.join();
  });
});

describe('large values', () => {
  const block = 2 ** 20;

  test('100 MiB are taken in while nobody takes any out, and come in order', async () => {
    const queue = new Queue<{ n: number; bytes: Uint8Array }>();
    await resultOf(tasks.putBlocks, [queue, 100, block]);
    expect(memoryUse().bytesInUse).toBeGreaterThan(100 * block);
    for (const n of numbers(100)) {
      const item = await queue.get();
      expect([item.n, item.bytes.length, item.bytes[0], item.bytes[block - 1]]).toEqual([n, block, n, n]);
    }
    expect(queue.empty()).toBe(true);
  });

  test('many small ones: 30 MiB in its rings, grown while nobody takes any', { timeout: 120_000 }, () => {
    const queue = new SimpleQueue<[number, string]>();
    const text = 'x'.repeat(1000);
    const count = 30_000;
    for (const n of numbers(count)) queue.putSync([n, text]);
    for (const n of numbers(count)) {
      const [number, got] = queue.getSync();
      if (number !== n || got !== text) throw new Error(`${number} instead of ${n}`);
    }
    expect(queue.empty()).toBe(true);
  });

  test('sizes about the limits of rings and slabs', () => {
    const queue = new Queue<Uint8Array>();
    const sizes = [0, 1, 7, 8, 9, 16_300, 16_383, 16_384, 16_385, 65_535, 65_536, 131_072, 1_000_003];
    for (const round of numbers(5)) {
      queue.putManySync(sizes.map((size) => new Uint8Array(size).fill(round + 1)));
      for (const size of sizes) {
        const got = queue.getSync();
        expect(got.length).toBe(size);
        expect(Buffer.compare(got, new Uint8Array(size).fill(round + 1))).toBe(0);
      }
    }
  });

  test('more than the family may have is an error that says so; what is in stays', async () => {
    const { stdout, stderr } = await runScript(new URL('../fixtures/queue/small-quota.mjs', import.meta.url));
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      ...{ error: 'ResourceError', isOrdered: true, puts: true, gone: 0, rings: 'ResourceError' },
      ringsOrdered: true,
    });
  });
});

test('what is dropped is freed, with all that is in it', async () => {
  const { stdout, stderr } = await runScript(new URL('../fixtures/queue/dropped.mjs', import.meta.url));
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as Record<string, unknown>;
  expect(report).toEqual({ filled: true, bytesInUse: 0, problems: [], blocksInUse: 0 });
});

describe('wrong arguments', () => {
  test.each([
    ['1', TypeError, 'ERR_INVALID_ARG_TYPE', ['new Queue', 'maxSize', 'a number']],
    [null, TypeError, 'ERR_INVALID_ARG_TYPE', ['maxSize']],
    [1.5, RangeError, 'ERR_OUT_OF_RANGE', ['maxSize', 'an integer', '1.5']],
    [Number.NaN, RangeError, 'ERR_OUT_OF_RANGE', ['maxSize']],
    [2 ** 31, RangeError, 'ERR_OUT_OF_RANGE', ['maxSize', String(2 ** 31 - 1)]],
  ] as const)('new Queue(%s)', (maxSize, type, code, says) => {
    for (const make of [() => new Queue(maxSize as never), () => new JoinableQueue(maxSize as never)]) {
      expectClear(thrown(make), { class: type, code, says });
    }
  });

  test('of what waits', async () => {
    const queue = new Queue<number>();
    for (const [options, code, says] of [
      [5, 'ERR_INVALID_ARG_TYPE', 'options'],
      [null, 'ERR_INVALID_ARG_TYPE', 'options'],
      [{ timeout: '1' }, 'ERR_INVALID_ARG_TYPE', 'timeout'],
      [{ timeout: Number.NaN }, 'ERR_OUT_OF_RANGE', 'timeout'],
      [{ timeOut: 1 }, 'ERR_INVALID_ARG_TYPE', 'timeout'],
      [{ signal: {} }, 'ERR_INVALID_ARG_TYPE', 'AbortSignal'],
    ] as const) {
      const bad = options as never;
      const errors = [
        await rejection(queue.get(bad)),
        await rejection(queue.put(1, bad)),
        await rejection(queue.getMany(1, bad)),
        await rejection(queue.putMany([1], bad)),
        thrown(() => queue.getSync(bad)),
        thrown(() => queue.putSync(1, bad)),
        thrown(() => queue.getManySync(1, bad)),
        thrown(() => queue.putManySync([1], bad)),
      ];
      for (const error of errors) expect(error).toMatchObject({ code });
      for (const error of errors.slice(0, 4)) expect(error.message).toContain(says);
    }
    // Blocked, nobody could abort it.
    const { signal } = new AbortController();
    expect(thrown(() => queue.getSync({ signal } as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(queue.empty()).toBe(true);
  });

  test('of what takes or puts many', async () => {
    const queue = new Queue<number>();
    queue.putSync(1);
    for (const [most, code] of [
      ['1', 'ERR_INVALID_ARG_TYPE'],
      [undefined, 'ERR_INVALID_ARG_TYPE'],
      [0, 'ERR_OUT_OF_RANGE'],
      [-1, 'ERR_OUT_OF_RANGE'],
      [1.5, 'ERR_OUT_OF_RANGE'],
    ] as const) {
      expect(await rejection(queue.getMany(most as never))).toMatchObject({ code });
      expect(thrown(() => queue.getManySync(most as never))).toMatchObject({ code });
    }
    for (const values of [undefined, null, 5, 'text', {}]) {
      expect(await rejection(queue.putMany(values as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
      expect(thrown(() => queue.putManySync(values as never))).toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
      });
    }
    expect(queue.getManySync(5)).toEqual([1]);
  });
});

describe('after close', () => {
  test.each([
    ['SimpleQueue', SimpleQueue],
    ['Queue', Queue],
    ['JoinableQueue', JoinableQueue],
  ] as const)('%s: nothing is put, what is in comes out', async (name, Class) => {
    const queue = new Class<number>();
    queue.putSync(1);
    queue.close();
    queue.close();
    expectClear(
      thrown(() => queue.putSync(2)),
      {
        class: QueueClosed,
        code: 'ERR_FORKYARD_QUEUE_CLOSED',
        says: [`${name}.putSync`, 'the queue was closed'],
      },
    );
    expect((await rejection(queue.put(2))).message).toContain(`${name}.put:`);
    expect(await queue.get()).toBe(1);
    expectClear(await rejection(queue.get()), {
      class: QueueClosed,
      code: 'ERR_FORKYARD_QUEUE_CLOSED',
      says: [`${name}.get`, 'nothing is left'],
    });
    expect(thrown(() => queue.getSync({ timeout: 1 }))).toBeInstanceOf(QueueClosed);
    expect([queue.closed, queue.empty()]).toEqual([true, true]);
    // It can be sent all the same.
    expect(await resultOf(tasks.isClosed, [queue])).toBe(true);
  });
});

test('contexts have the same classes', () => {
  for (const method of startMethods) {
    const context = getContext(method);
    expect([context.Queue, context.SimpleQueue, context.JoinableQueue]).toEqual([
      Queue,
      SimpleQueue,
      JoinableQueue,
    ]);
    expect(new context.Queue(3).maxSize).toBe(3);
  }
});

test('a SimpleQueue is no more than simple', () => {
  const queue = new SimpleQueue<number>();
  for (const name of ['putNowait', 'getNowait', 'qsize', 'full', 'putMany', 'join'])
    expect(name in queue).toBe(false);
  queue.putSync(1);
  expect([queue.empty(), queue.getSync(), queue.empty(), queue.lost]).toEqual([false, 1, true, 0]);
});
