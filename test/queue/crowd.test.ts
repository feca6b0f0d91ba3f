// Several processes at the same queue at the same instant: who does not wait is told the truth, and a closed queue hides nothing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pool, Queue, QueueClosed } from '../../lib/index.js';
import { tasks } from '../fixtures/queue/crowd.mjs';

const times = 30_000;
let pool: Pool;
beforeAll(() => {
  pool = new Pool(3);
});
afterAll(() => pool[Symbol.asyncDispose]());

test('a queue is not full, nor empty, because others are just at it', async () => {
  const queue = new Queue<number>();
  await Promise.all([1, 2, 3].map(() => pool.apply(tasks.putNowait, [queue, times])));
  expect(queue.qsize()).toBe(3 * times);
  await Promise.all([1, 2, 3].map(() => pool.apply(tasks.getNowait, [queue, times])));
  expect(queue.empty()).toBe(true);
});

test('what was put at the moment of closing is received before the end', async () => {
  for (let round = 0; round < 30; round++) {
    const queue = new Queue<number>();
    const putters = [1, 2, 3].map(() => pool.apply(tasks.putUntilClosed, [queue]));
    let got = 0;
    try {
      for (;;) {
        got += (await queue.getMany(1000)).length;
        if (got > 300) queue.close();
      }
    } catch (error) {
      expect(error).toBeInstanceOf(QueueClosed);
    }
    const put = (await Promise.all(putters)).reduce((sum, count) => sum + count, 0);
    expect({ round, got, left: queue.qsize() }).toEqual({ round, got: put, left: 0 });
  }
});

test('a loop over a queue that is never empty leaves the rest of the program its turns', async () => {
  const queue = new Queue<number>();
  queue.putNowait(0);
  let turns = 0;
  const timer = setInterval(() => {
    if (++turns === 3) queue.close();
  }, 1);
  for await (const n of queue) {
    if (!queue.closed) queue.putNowait(n + 1);
  }
  clearInterval(timer);
  expect(turns).toBeGreaterThanOrEqual(3);
});
