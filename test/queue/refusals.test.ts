// What a queue says of itself when it is full, empty, or given what cannot be sent.
import { expect, test } from 'vitest';
import { JoinableQueue, Queue, QueueEmpty, QueueFull, SerializationError } from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';

const full = (says: string) => ({ class: QueueFull, code: 'ERR_FORKYARD_QUEUE_FULL', says: [says] });

test('who finds no room, or nothing, is told by the method that was called', async () => {
  const queue = new Queue(1);
  const empty = (says: string) => ({ class: QueueEmpty, code: 'ERR_FORKYARD_QUEUE_EMPTY', says: [says] });
  expectClear(
    thrown(() => queue.getNowait()),
    empty('Queue.getNowait: '),
  );
  expectClear(await rejection(queue.get({ timeout: 1 })), empty('Queue.get: timed out after 1 ms'));
  queue.putNowait(1);
  expectClear(
    thrown(() => queue.putNowait(2)),
    full('Queue.putNowait: timed out after 0 ms; it is full (maxSize: 1)'),
  );
  expectClear(
    thrown(() => new JoinableQueue().getManySync(2, { timeout: 1 })),
    empty('JoinableQueue.getManySync: '),
  );
  expectClear(await rejection(new Queue().getMany(2, { timeout: 1 })), empty('Queue.getMany: '));
});

test('putMany says how many are in, and the time-out that it was given', async () => {
  const queue = new Queue(3);
  const says = 'timed out after 20 ms; it is full (maxSize: 3); 2 values were put in before';
  queue.putNowait(0);
  const error = await rejection(queue.putMany([1, 2, 3, 4], { timeout: 20 }));
  expectClear(error, full(`Queue.putMany: ${says}`));
  expect(error.put).toBe(2);
  expect(queue.getManySync(5)).toEqual([0, 1, 2]);
  queue.putNowait(0);
  expectClear(
    thrown(() => queue.putManySync([1, 2, 3, 4], { timeout: 20 })),
    full(`Queue.putManySync: ${says}`),
  );
});

test('putMany names the value that cannot be sent, and puts none', async () => {
  const queue = new Queue<unknown>();
  const unsendable: [unknown, string][] = [
    [() => {}, 'values[2]'],
    [{ user: { callback() {} } }, 'values[2].user.callback'],
    [[0, Symbol('s')], 'values[2][1]'],
  ];
  for (const [value, path] of unsendable) {
    const error = await rejection(queue.putMany([0, 1, value]));
    expect(error).toBeInstanceOf(SerializationError);
    expect(error.path).toBe(path);
    expect(error.message).toContain(`cannot send ${path}: `);
  }
  expect(queue.empty()).toBe(true);
});
