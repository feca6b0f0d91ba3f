// Waiting at queues: for an item, for room, for so long; in this thread, in others, in other processes; together with other things.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Listener, wait } from '../../lib/connection.js';
import {
  Event,
  Pipe,
  Queue,
  QueueClosed,
  QueueEmpty,
  QueueFull,
  SimpleQueue,
  toThread,
} from '../../lib/index.js';
import { rejection, thrown } from '../conformance/caught.js';
import { tasks } from '../fixtures/queue/tasks.mjs';
import { until } from '../helpers/until.js';
import { numbers, run, startMethods } from './support.js';

/** Far above what it takes. */
const timeout = 20_000;

describe.each(startMethods)('another process (%s)', (startMethod) => {
  test.each(['getting', 'gettingSync'] as const)('%s is given what is put later', async (getting) => {
    const [queue, begun] = [new Queue(), new Event()];
    const child = run(tasks[getting], [queue, begun], { startMethod });
    await begun.wait({ timeout });
    queue.putSync('late');
    expect(await child.result).toEqual(['value', 'late']);
  });

  test.each(['getting', 'gettingSync'] as const)('%s hears of the end', async (getting) => {
    const [queue, begun] = [new Queue(), new Event()];
    const child = run(tasks[getting], [queue, begun], { startMethod });
    await begun.wait({ timeout });
    queue.close();
    expect(await child.result).toEqual(['QueueClosed', 'ERR_FORKYARD_QUEUE_CLOSED']);
  });

  test.each(['putting', 'puttingSync'] as const)('%s goes on when there is room', async (putting) => {
    const [queue, begun] = [new Queue(1), new Event()];
    queue.putSync('first');
    const child = run(tasks[putting], [queue, begun, 'second'], { startMethod });
    await begun.wait({ timeout });
    expect(queue.getSync()).toBe('first');
    expect(await queue.get({ timeout })).toBe('second');
    expect(await child.result).toEqual(['value', undefined]);
  });

  test.each(['putting', 'puttingSync'] as const)('%s hears of the end', async (putting) => {
    const [queue, begun] = [new Queue(1), new Event()];
    queue.putSync('first');
    const child = run(tasks[putting], [queue, begun, 'second'], { startMethod });
    await begun.wait({ timeout });
    queue.close();
    expect(await child.result).toEqual(['QueueClosed', 'ERR_FORKYARD_QUEUE_CLOSED']);
    expect(queue.getManySync(5)).toEqual(['first']);
  });

  test('is given nothing when its time is up, and takes nothing later', async () => {
    const [queue, begun] = [new Queue(1), new Event()];
    const taking = numbers(2).map((n) =>
      run(n === 0 ? tasks.getting : tasks.gettingSync, [queue, begun, { timeout: 5 }], { startMethod }),
    );
    for (const child of taking)
      expect(await child.result).toEqual(['QueueEmpty', 'ERR_FORKYARD_QUEUE_EMPTY']);
    queue.putSync('there');
    const child = run(tasks.puttingSync, [queue, begun, 'no room', { timeout: 5 }], { startMethod });
    expect(await child.result).toEqual(['QueueFull', 'ERR_FORKYARD_QUEUE_FULL']);
    expect(queue.getManySync(5)).toEqual(['there']);
  });
});

test('ten processes that wait are given one each, and the end', async () => {
  const [queue, begun] = [new Queue<number>(), new Event()];
  const children = numbers(10).map((n) =>
    run(n % 2 === 0 ? tasks.getting : tasks.gettingSync, [queue, begun]),
  );
  await Promise.all(children.map((child) => child.started));
  for (const n of numbers(8)) await queue.put(n);
  await until(() => queue.empty());
  queue.close();
  const got = (await Promise.all(children.map((child) => child.result))) as [string, unknown][];
  expect(got.filter(([name]) => name === 'QueueClosed')).toHaveLength(2);
  expect(got.flatMap(([name, value]) => (name === 'value' ? [value] : [])).sort()).toEqual(numbers(8));
});

describe('in one thread', () => {
  test('who waited first is served first, and those who come later do not pass', async () => {
    const queue = new Queue<number>();
    const waiting = numbers(5).map(() => queue.get());
    queue.putManySync(numbers(5));
    const late = queue.get();
    queue.putSync(5);
    expect(await Promise.all([...waiting, late])).toEqual(numbers(6));
  });

  test('who waits for room is served in turn', async () => {
    const queue = new Queue<number>(1);
    queue.putSync(0);
    const putting = [1, 2, 3].map((n) => queue.put(n));
    expect([queue.getSync(), await queue.get(), await queue.get(), await queue.get()]).toEqual([0, 1, 2, 3]);
    await Promise.all(putting);
  });

  test('a time-out says which method waited, for how long, and why; nothing is taken or put', async () => {
    const queue = new Queue(1);
    for (const error of [
      await rejection(queue.get({ timeout: 3 })),
      thrown(() => queue.getSync({ timeout: 3 })),
    ]) {
      expect(error).toBeInstanceOf(QueueEmpty);
      expect(error.message).toMatch(/^Queue\.get(Sync)?: .*3 ms.*nobody has put anything in/);
      expect(error.cause).toMatchObject({ name: 'TimeoutError', timeout: 3 });
    }
    queue.putSync(1);
    for (const error of [
      await rejection(queue.put(2, { timeout: 3 })),
      thrown(() => queue.putSync(2, { timeout: 3 })),
    ]) {
      expect(error).toBeInstanceOf(QueueFull);
      expect(error.message).toMatch(/^Queue\.put(Sync)?: .*3 ms.*it is full \(maxSize: 1\)/);
    }
    expect(queue.getManySync(5)).toEqual([1]);
    expect(thrown(() => queue.getNowait())).toBeInstanceOf(QueueEmpty);
  });

  test('less than no time is no time', async () => {
    const queue = new Queue(1);
    expect(thrown(() => queue.getSync({ timeout: -5 }))).toBeInstanceOf(QueueEmpty);
    expect(await rejection(queue.get({ timeout: 0 }))).toBeInstanceOf(QueueEmpty);
    await queue.put(1, { timeout: 0 });
    expect(await rejection(queue.put(2, { timeout: -1 }))).toBeInstanceOf(QueueFull);
    expect(await queue.get({ timeout: 0 })).toBe(1);
  });

  test('an abort ends the wait with its reason; what comes then is for others', async () => {
    const queue = new Queue<number>(1);
    const stop = new AbortController();
    const aborted = queue.get({ signal: stop.signal });
    const other = queue.get();
    stop.abort(new Error('enough'));
    expect((await rejection(aborted)).message).toBe('enough');
    queue.putSync(1);
    expect(await other).toBe(1);
    queue.putSync(2);
    const again = new AbortController();
    const putting = queue.put(3, { signal: again.signal });
    again.abort(new Error('enough of that'));
    expect((await rejection(putting)).message).toBe('enough of that');
    expect(queue.getManySync(5)).toEqual([2]);
    const before = AbortSignal.abort(new Error('before'));
    queue.putSync(4);
    for (const error of [
      await rejection(queue.get({ signal: before })),
      await rejection(queue.put(5, { signal: before })),
      await rejection(queue.getMany(5, { signal: before })),
      await rejection(queue.putMany([5], { signal: before })),
    ])
      expect(error.message).toBe('before');
    expect(queue.getManySync(5)).toEqual([4]);
  });

  test('closing ends those who wait', async () => {
    const [empty, full] = [new SimpleQueue(), new Queue(1)];
    full.putSync('there');
    const waiting = [empty.get(), empty.get({ timeout }), full.put(1), full.put(2, { timeout })];
    const ends = Promise.all(waiting.map(rejection));
    empty.close();
    full.close();
    for (const error of await ends) expect(error).toBeInstanceOf(QueueClosed);
    expect(await full.get()).toBe('there');
  });
});

describe('wait()', () => {
  test('tells which queues have something, in their order', async () => {
    const [a, b, c] = [new Queue(), new SimpleQueue(), new Queue(1)];
    expect(await wait([a, b, c], { timeout: 0 })).toEqual([]);
    b.putSync(1);
    expect((await wait([a, b, c]))[0]).toBe(b);
    const waiting = wait([a, c]);
    c.putSync(2);
    const ready = await waiting;
    expect([ready.length, ready[0] === c]).toEqual([1, true]);
    // Nothing was taken.
    expect([b.getSync(), c.getSync()]).toEqual([1, 2]);
    const ended = wait([a, b, c]);
    a.close();
    expect((await ended)[0]).toBe(a);
  });

  test('queues, connections, listeners and sentinels together, ready by what other processes do', async () => {
    const queue = new Queue();
    const [mine, theirs] = Pipe();
    const listener = new Listener();
    onTestFinished(() => listener.close());
    const begun = new Event();
    const child = run(tasks.putOrSend, [queue, theirs, begun]);
    await Promise.all([child.started, begun.wait({ timeout })]);
    theirs.close();
    const all = [queue, mine, listener, child.sentinel];
    expect(await wait(all, { timeout: 5 })).toEqual([]);
    await mine.send('queue');
    const first = await wait(all);
    expect([first.length, first[0] === queue, queue.getSync()]).toEqual([1, true, 'as told']);
    await mine.send('connection');
    const second = await wait(all);
    expect([second.length, second[0] === mine, await mine.recv()]).toEqual([1, true, 'as told']);
    child.kill();
    // The end of the process is the end of its connection.
    const found = new Set<unknown>();
    await until(async () => {
      for (const one of await wait(all)) found.add(one);
      return found.size === 2;
    });
    expect([found.has(mine), found.has(child.sentinel)]).toEqual([true, true]);
    await child.join();
  });
});

test('threads: a queue is the same there, and one that ends with an item in its hands has lost it', async () => {
  const [queue, answers] = [new Queue(), new Queue()];
  const worker = new Worker(new URL('../fixtures/queue/thread.mjs', import.meta.url), {
    workerData: toThread({ queue, answers }),
  });
  onTestFinished(async () => void (await worker.terminate()));
  queue.putManySync(['one', new Uint8Array(50_000).fill(3), 'hold']);
  expect(await answers.get({ timeout })).toBe('one');
  expect((await answers.get({ timeout })) as Uint8Array).toHaveLength(50_000);
  expect(await answers.get({ timeout })).toBe('held');
  // Blocked in getSync of an empty queue, a thread can be ended.
  const exit = once(worker, 'exit');
  await worker.terminate();
  await exit;
  await until(() => queue.lost === 1);
  queue.putSync('for this thread');
  expect(await queue.get()).toBe('for this thread');
});
