// Queues and the workers of a pool: what counts as handled, and who waits for whom.
import { expect, test } from 'vitest';
import { Event, Pool, Queue } from '../../lib/index.js';
import { tasks } from '../fixtures/queue/pooled.mjs';

test.each(['take', 'takeSlowly', 'takeAndThrow'] as const)(
  'what the task %s took is handled when it has ended, whatever becomes of the worker',
  async (task) => {
    const queue = new Queue<number>();
    const pool = new Pool(2);
    queue.putManySync([1, 2, 3, 4]);
    const ended = await Promise.allSettled([1, 2, 3, 4].map(() => pool.apply(tasks[task], [queue])));
    expect(ended.map(({ status }) => status)).toEqual(
      ended.map(() => (task === 'takeAndThrow' ? 'rejected' : 'fulfilled')),
    );
    pool.terminate();
    await pool.join();
    expect([queue.qsize(), queue.lost]).toEqual([0, 0]);
  },
);

test('what a worker takes after its task has ended is handled when it exits', async () => {
  const [queue, taken] = [new Queue<number>(), new Event()];
  const pool = new Pool(1);
  await pool.apply(tasks.takeLater, [queue, taken]);
  queue.putSync(1);
  await taken.wait();
  pool.close();
  await pool.join();
  expect([queue.qsize(), queue.lost]).toEqual([0, 0]);
});

test('what a task has in its hands when its worker is killed is lost', async () => {
  const [queue, taken] = [new Queue<number>(), new Event()];
  const pool = new Pool(1);
  queue.putSync(1);
  const call = pool.apply(tasks.takeAndStay, [queue, taken]);
  call.catch(() => {});
  await taken.wait();
  pool.terminate();
  await pool.join();
  expect(queue.lost).toBe(1);
});

test('who blocks for the result of a call that was just made gets it', async () => {
  const queue = new Queue<number>();
  await using pool = new Pool(1);
  // Its worker is there then.
  await pool.apply(tasks.put, [queue, 0]);
  expect(queue.getSync()).toBe(0);
  for (let n = 1; n <= 20; n++) {
    const call = pool.apply(tasks.put, [queue, n]);
    expect(queue.getSync({ timeout: 20_000 })).toBe(n);
    await call;
  }
});
