// Queue: from any process to any process, in order, whatever it is that is sent. Limits: limits.test.ts; waiting: waiting.test.ts.
import { describe, expect, test } from 'vitest';
import {
  isForkyardError,
  Lock,
  memoryUse,
  Pipe,
  Pool,
  Queue,
  QueueClosed,
  QueueEmpty,
  RemoteError,
  SerializationError,
  SharedArray,
  Value,
} from '../../lib/index.js';
import { rejection, thrown } from '../conformance/caught.js';
import { Hungry, hungryQueue, Pushy, Stubborn } from '../fixtures/queue/classes.mjs';
import { tasks } from '../fixtures/queue/tasks.mjs';
import { numbers, resultOf, run, startMethods } from './support.js';

type Item = [producer: number, number: number];

/** Of each producer, in the order in which it came. */
function byProducer(values: readonly Item[]): Map<number, number[]> {
  const sequences = new Map<number, number[]>();
  for (const [producer, number] of values)
    sequences.set(producer, [...(sequences.get(producer) ?? []), number]);
  return sequences;
}

describe.each(startMethods)('between processes (%s)', (startMethod) => {
  test('four put and four take: each item once, and of one producer in order', {
    timeout: 120_000,
  }, async () => {
    const [producers, count] = [4, 500];
    const queue = new Queue<Item>();
    const consumers = numbers(4).map(() => run(tasks.consume, [queue], { startMethod }));
    const putting = numbers(producers).map((p) => run(tasks.produce, [queue, p, count], { startMethod }));
    await Promise.all(putting.map((process) => process.result));
    queue.close();
    const taken = (await Promise.all(consumers.map((process) => process.result))) as Item[][];
    for (const values of taken) {
      for (const sequence of byProducer(values).values()) {
        expect(sequence).toEqual([...sequence].sort((a, b) => a - b));
      }
    }
    const all = byProducer(taken.flat());
    for (const producer of numbers(producers)) {
      expect(all.get(producer)?.sort((a, b) => a - b)).toEqual(numbers(count));
    }
    expect(queue.lost).toBe(0);
    expect(queue.qsize()).toBe(0);
  });

  test('what the parent has used already is used by a child, a grandchild, and the parent again', async () => {
    const queue = new Queue();
    queue.putSync('parent');
    expect(await resultOf(tasks.put, [queue, 'child'], { startMethod })).toBeUndefined();
    expect(await resultOf(tasks.putByGrandchild, [queue, 'grandchild'], { startMethod })).toBe(0);
    queue.putSync('parent again');
    expect(queue.getManySync(9)).toEqual(['parent', 'child', 'grandchild', 'parent again']);
    expect(queue.empty()).toBe(true);
  });

  test('twenty items in order, and then nothing', async () => {
    const queue = new Queue();
    await resultOf(tasks.putAnd, [queue, numbers(20)], { startMethod });
    expect(numbers(20).map(() => queue.getNowait())).toEqual(numbers(20));
    expect(thrown(() => queue.getNowait())).toBeInstanceOf(QueueEmpty);
  });

  test('what was put goes on being there when nobody is left who had put it', async () => {
    const queue = new Queue<number>();
    const large = new Float64Array(10_000).fill(1.5);
    await resultOf(tasks.putAnd, [queue, [1, large, 'x'.repeat(100_000)]], { startMethod });
    expect(await queue.getMany(3)).toEqual([1, large, 'x'.repeat(100_000)]);
  });
});

test.each([0, 3, 'kill', 'uncaught'] as const)(
  'ending with %s right after a put loses nothing',
  { timeout: 120_000 },
  async (way) => {
    const queue = new Queue();
    const results: unknown[] = [];
    for (let round = 0; round < 6; round++) {
      const four = numbers(4).map((n) =>
        run(n % 2 === 0 ? tasks.putAnd : tasks.putSoonAnd, [queue, [4 * round + n], way], {
          stdio: 'ignore',
        }),
      );
      await Promise.all(four.map((process) => process.join()));
      results.push(...queue.getManySync(9, { timeout: 0 }));
    }
    expect(results.sort((a, b) => (a as number) - (b as number))).toEqual(numbers(24));
    expect(queue.lost).toBe(0);
  },
);

describe('values', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['a BigInt', 2n ** 70n],
    ['an empty string', ''],
    ['a lone surrogate', '\ud800x'],
    ['a date', new Date(1e12)],
    ['a Map and a Set', [new Map([[{ a: 1 }, new Set([1, 2])]])]],
    ['empty bytes', new Uint8Array(0)],
    ['bytes', new Uint8Array([1, 2, 3])],
    ['bytes of just so many that they go in a slab', new Uint8Array(16_384).fill(7)],
    ['a long string', 'ü'.repeat(50_000)],
    ['several large arrays', numbers(3).map((n) => new Uint32Array(5000).fill(n))],
    ['something deep', numbers(50).reduce<unknown>((inner, n) => ({ n, inner }), null)],
  ])('%s', async (_name, value) => {
    const queue = new Queue();
    await queue.put(value);
    queue.putSync([value]);
    expect(queue.getSync()).toStrictEqual(value);
    expect(await queue.get()).toStrictEqual([value]);
  });

  test('cycles, and errors with causes', async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const queue = new Queue();
    await queue.put(circle);
    await queue.put(new RangeError('outer', { cause: new QueueClosed('inner') }));
    const back = (await queue.get()) as typeof circle;
    expect(back.self).toBe(back);
    const error = (await queue.get()) as RangeError;
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe('outer');
    expect(isForkyardError(error.cause)).toBe(true);
    expect(error).not.toBeInstanceOf(RemoteError);
  });

  test('locks, values, queues, connections, tasks and errors, used where they arrive', async () => {
    const queue = new Queue();
    const [lock, value, inner, array] = [new Lock(), new Value('i', 5), new Queue(), new SharedArray('i', 3)];
    const [mine, theirs] = Pipe();
    const child = run(tasks.useFrom, [queue]);
    queue.putSync({
      ...{ lock, value, queue: inner, connection: theirs, task: tasks.double, array },
      error: new Error('as it was'),
    });
    theirs.close();
    expect(await child.result).toEqual([12, 3, 'as it was']);
    expect(value.value).toBe(6);
    expect(array[1]).toBe(7);
    expect(await inner.get()).toBe('from the queue in the queue');
    expect(await mine.recv()).toBe('from the connection in the queue');
    await expect(mine.recv()).rejects.toMatchObject({ name: 'EndOfFileError' });
  });

  test('many shared objects in one item, and too many', () => {
    const queue = new Queue();
    const values = numbers(100).map((n) => new Value('i', n));
    queue.putSync(values);
    const back = queue.getSync() as { value: number }[];
    expect(back.map(({ value }) => value)).toEqual(numbers(100));
    const tooMany = numbers(5000).map((n) => new Value('i', n));
    expect(thrown(() => queue.putSync(tooMany))).toBeInstanceOf(SerializationError);
    expect(queue.qsize()).toBe(0);
  });

  test('a queue that is sent through itself is itself', () => {
    const queue = new Queue();
    queue.putSync({ queue });
    // Whoever compares queues by what is in them waits for it.
    expect((queue.getSync() as { queue: Queue }).queue).toBe(queue);
    queue.putSync(queue);
    expect(queue.getSync()).toBe(queue);
  });

  test('as an argument and a result of a pool’s task, and in an object', async () => {
    await using pool = new Pool(1);
    const queue = new Queue(3);
    await pool.apply(tasks.put, [queue, 'by a worker'] as never);
    expect(queue.getSync()).toBe('by a worker');
    queue.putSync({ again: queue });
    const back = (await pool.apply(tasks.get, [queue] as never)) as unknown as { again: Queue };
    expect(back.again).toBe(queue);
    expect(back.again.maxSize).toBe(3);
  });
});

describe('what cannot be sent', () => {
  test('is an error of the put, with its path; nothing is in, and the next item is', async () => {
    const queue = new Queue();
    const before = memoryUse().bytesInUse;
    const bad = { large: new Float64Array(100_000), inside: [1, { run: () => {} }] };
    for (const error of [
      await rejection(queue.put(bad)),
      thrown(() => queue.putSync(bad)),
      thrown(() => queue.putNowait(bad)),
      await rejection(queue.putMany([1, 2, bad])),
      thrown(() => queue.putManySync([1, 2, bad])),
    ]) {
      expect(error).toBeInstanceOf(SerializationError);
      expect(error['path']).toMatch(/inside\[1\]\.run$/);
    }
    expect(queue.qsize()).toBe(0);
    expect(memoryUse().bytesInUse - before).toBeLessThan(2 ** 21);
    await queue.put('next');
    expect(await queue.get()).toBe('next');
  });

  test('does not take up a place', async () => {
    const queue = new Queue(1);
    await rejection(queue.put(() => {}));
    expect(thrown(() => queue.putNowait(Symbol('x')))).toBeInstanceOf(SerializationError);
    expect([queue.qsize(), queue.full()]).toEqual([0, false]);
    queue.putNowait('fits');
    expect(queue.full()).toBe(true);
  });

  test('a value that throws while it is encoded', () => {
    const queue = new Queue();
    const error = new Error('not now');
    const thrower = {
      get value() {
        throw error;
      },
    };
    expect(thrown(() => queue.putSync([1, thrower]))).toBeInstanceOf(Error);
    expect(queue.empty()).toBe(true);
  });
});

describe('classes of the user’s with conversions of their own', () => {
  test('one that takes from the queue while it is being taken from it', async () => {
    const queue = new Queue();
    hungryQueue(queue);
    for (const way of ['sync', 'async', 'many']) {
      queue.putManySync([new Hungry('first'), 'eaten', 'after']);
      const first = (
        way === 'sync' ? queue.getSync() : way === 'async' ? await queue.get() : queue.getManySync(1)[0]
      ) as Hungry;
      expect([first.name, first.eaten]).toEqual(['first', 'eaten']);
      expect(queue.getSync()).toBe('after');
    }
    expect(queue.empty()).toBe(true);
  });

  test('one that puts into the queue while it is being put into it is told to do so outside', () => {
    const queue = new Queue();
    hungryQueue(queue);
    const error = thrown(() => queue.putSync([new Float64Array(5000).fill(1), new Pushy('outer'), 'end']));
    expect(error).toBeInstanceOf(SerializationError);
    expect(error.message).toContain('send from outside of it');
    expect(queue.empty()).toBe(true);
    queue.putSync('next');
    expect(queue.getSync()).toBe('next');
  });

  test('one that cannot be decoded costs itself, not those beside it', () => {
    const queue = new Queue();
    queue.putManySync(['a', new Stubborn(), 'b', 'c']);
    const taken: unknown[] = [];
    const errors: unknown[] = [];
    while (!queue.empty()) {
      try {
        taken.push(...queue.getManySync(4));
      } catch (error) {
        errors.push(error);
      }
    }
    expect(taken).toEqual(['a', 'b', 'c']);
    expect(errors).toHaveLength(1);
  });
});

describe('many at a time', () => {
  test('putMany and getMany keep the order, and take what is there', async () => {
    const queue = new Queue<number>();
    await queue.putMany(new Set([1, 2, 3]));
    queue.putManySync(
      (function* () {
        yield 4;
        yield 5;
      })(),
    );
    await queue.putMany([]);
    expect(await queue.getMany(2)).toEqual([1, 2]);
    expect(queue.getManySync(100)).toEqual([3, 4, 5]);
    const waiting = queue.getMany(5);
    queue.putSync(6);
    expect(await waiting).toEqual([6]);
    await expect(queue.getMany(5, { timeout: 1 })).rejects.toBeInstanceOf(QueueEmpty);
    queue.putManySync([7, 8]);
    queue.close();
    expect(queue.getManySync(5)).toEqual([7, 8]);
    await expect(queue.getMany(5)).rejects.toBeInstanceOf(QueueClosed);
  });
});

describe('to the end', () => {
  test('async and blocking iteration give what is there until it is closed', async () => {
    const queue = new Queue<number>();
    queue.putManySync(numbers(5));
    queue.close();
    const seen: number[] = [];
    for await (const value of queue) seen.push(value);
    expect(seen).toEqual(numbers(5));
    expect([...queue]).toEqual([]);
    const other = new Queue<number>();
    other.putManySync(numbers(3));
    other.close();
    expect([...other]).toEqual(numbers(3));
    expect(other.closed).toBe(true);
    other.close();
  });

  test('as streams of the web and of Node, which take what is asked for', async () => {
    const queue = new Queue<number | null>();
    queue.putManySync([0, 1, null, 3, 4, 5]);
    const reader = queue.readable.getReader();
    expect(queue.readable).toBe(queue.readable);
    expect([await reader.read(), await reader.read(), await reader.read()]).toEqual(
      [0, 1, null].map((value) => ({ done: false, value })),
    );
    await reader.cancel();
    expect(queue.qsize()).toBe(3);
    queue.close();
    const seen: unknown[] = [];
    for await (const value of queue.toReadable()) seen.push(value);
    expect(seen).toEqual([3, 4, 5]);
    // Cancelled while it waits, it takes nothing.
    const other = new Queue<number>();
    const waiting = other.readable.getReader();
    const reading = waiting.read();
    await waiting.cancel();
    expect((await reading).done).toBe(true);
    other.putSync(1);
    expect(other.getNowait()).toBe(1);
  });

  test('a stream of Node cannot hold null, and says so', async () => {
    const queue = new Queue<number | null>();
    queue.putManySync([1, null]);
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const value of queue.toReadable()) seen.push(value);
    })();
    expect((await rejection(reading)).message).toContain('null');
    expect(seen).toEqual([1]);
  });

  test('breaking off leaves the rest', async () => {
    const queue = new Queue<number>();
    queue.putManySync(numbers(5));
    for await (const value of queue) if (value === 1) break;
    for (const value of queue) if (value === 2) break;
    expect(queue.getManySync(5)).toEqual([3, 4]);
  });

  test('a closed queue is not an error to look at', () => {
    const queue = new Queue(2);
    queue.close();
    expect([queue.empty(), queue.full(), queue.qsize(), queue.closed, queue.lost]).toEqual([
      true,
      false,
      0,
      true,
      0,
    ]);
    expect(thrown(() => queue.putNowait(1))).toBeInstanceOf(QueueClosed);
    expect(thrown(() => queue.getNowait())).toBeInstanceOf(QueueClosed);
    queue.joinThread();
    queue.cancelJoinThread();
  });
});
