// What consumers had in their hands when they died: told by `lost`, which counts nothing that was handled; and those who are stopped,
// who hold up their own side only.
import { describe, expect, test } from 'vitest';
import { Event, JoinableQueue, Queue, QueueEmpty, SharedArray, SimpleQueue } from '../../lib/index.js';
import { tasks } from '../fixtures/queue/tasks.mjs';
import { until } from '../helpers/until.js';
import { numbers, run, startMethods } from './support.js';

const timeout = 20_000;

describe.each(startMethods)('who ends with an item in its hands (%s)', (startMethod) => {
  test.each([
    ['by returning', undefined, 0],
    ['with exit code 0', 0, 0],
    ['with another exit code', 3, 1],
    ['with an exit code that it only sets', 'exitCode', 1],
    ['with an error', 'throw', 1],
    ['with an uncaught error', 'uncaught', 1],
    ['killed', 'kill', 1],
  ] as const)('%s', async (_name, way, lost) => {
    const [queue, taken, go] = [new Queue(), new Event(), new Event()];
    queue.putManySync(numbers(5));
    // It was done with the first when it took the second.
    const child = run(tasks.takeAnd, [queue, 2, taken, go, way], { startMethod, stdio: 'ignore' });
    await taken.wait({ timeout });
    expect(queue.lost).toBe(0);
    go.set();
    await child.join();
    await until(() => queue.lost === lost, { what: () => `${lost} lost, there are ${queue.lost}` });
    expect(queue.getManySync(9)).toEqual([2, 3, 4]);
    expect(queue.lost).toBe(lost);
  });
});

test('of several that were taken at once, all are', async () => {
  const queue = new Queue();
  queue.putManySync(numbers(7));
  for (const [way, lost] of [
    ['kill', 5],
    [undefined, 5],
  ] as const) {
    const [taken, go] = [new Event(), new Event()];
    const child = run(tasks.takeManyAnd, [queue, 5, taken, go, way]);
    await taken.wait({ timeout });
    go.set();
    await child.join();
    expect(queue.lost).toBe(lost);
  }
  expect(queue.empty()).toBe(true);
});

test('large items in the hands of the dead are given back', async () => {
  const queue = new SimpleQueue();
  queue.putSync(new Float64Array(100_000));
  queue.putSync('small');
  const [taken, go] = [new Event(), new Event()];
  const child = run(tasks.takeAnd, [queue, 1, taken, go, 'kill']);
  await taken.wait({ timeout });
  go.set();
  await child.join();
  expect(queue.lost).toBe(1);
  expect(queue.getSync()).toBe('small');
});

test('iterating, one item at a time is in hand, and none when it is broken off', () => {
  const queue = new JoinableQueue();
  const other = new Queue();
  queue.putSync(1);
  other.putManySync([1, 2]);
  for (const value of other) if (value === 1) break;
  expect(other.getSync()).toBe(2);
  expect([queue.unfinished, other.lost]).toEqual([1, 0]);
});

test('nothing is lost by consumers that are killed while they wait', async () => {
  const [queue, begun] = [new Queue<number>(), new Event()];
  const waiting = numbers(4).map((n) => run(n % 2 === 0 ? tasks.getting : tasks.gettingSync, [queue, begun]));
  await Promise.all(waiting.map((child) => child.started));
  await begun.wait({ timeout });
  for (const child of waiting) child.kill();
  await Promise.all(waiting.map((child) => child.join()));
  const next = run(tasks.gettingSync, [queue, begun]);
  queue.putSync(1);
  expect(await next.result).toEqual(['value', 1]);
  expect([queue.lost, queue.qsize()]).toEqual([0, 0]);
});

test('consumers killed one after the other while items come: all are got, or lost', async () => {
  const queue = new Queue<number>();
  const got = new SharedArray('int32', 20_000);
  const marked = () => Array.from(got).reduce((sum, count) => sum + count, 0);
  const consumers = numbers(2).map(() => run(tasks.mark, [queue, got]));
  const producer = run(tasks.putNumbers, [queue, 20_000]);
  for (const n of numbers(6)) {
    // Or all is over already.
    const before = marked();
    await until(() => marked() > before || (!producer.isAlive() && queue.empty()));
    (consumers[n] as (typeof consumers)[0]).kill();
    consumers.push(run(tasks.mark, [queue, got]));
  }
  await producer.result;
  queue.close();
  await Promise.all(consumers.map((child) => child.join()));
  await until(() => queue.empty());
  const times = Array.from(got);
  expect(times.filter((count) => count > 1)).toEqual([]);
  const missing = times.filter((count) => count === 0).length;
  // Who was killed after it had marked an item, and before it asked for the next, has lost it all the same.
  expect(queue.lost).toBeGreaterThanOrEqual(missing);
  expect(queue.lost).toBeLessThanOrEqual(6);
});

test('a consumer that is stopped holds up nobody who puts, and goes on later', async () => {
  const [count, rounds] = [600, 20];
  const [queue, got] = [new Queue<number>(), new SharedArray('int32', count)];
  const consumer = run(tasks.mark, [queue, got]);
  await consumer.started;
  for (const round of numbers(rounds)) {
    process.kill(consumer.pid as number, 'SIGSTOP');
    for (const n of numbers(count / rounds)) queue.putSync((round * count) / rounds + n, { timeout });
    try {
      // If it is just taking one, nobody else is given any; but for so long only.
      const n = queue.getSync({ timeout: 20 });
      got[n] = (got[n] as number) + 1;
    } catch (error) {
      expect(error).toBeInstanceOf(QueueEmpty);
    }
    process.kill(consumer.pid as number, 'SIGCONT');
  }
  queue.close();
  await consumer.join();
  expect(Array.from(got)).toEqual(numbers(count).map(() => 1));
  expect([consumer.exitCode, queue.lost, queue.empty()]).toEqual([0, 0, true]);
});
