// JoinableQueue: each value is told to be done, by who took it; who waits for all does not wait for the dead.
import { describe, expect, test } from 'vitest';
import { Event, ForkyardError, JoinableQueue, Queue, TimeoutError } from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { tasks } from '../fixtures/queue/tasks.mjs';
import { numbers, run, startMethods } from './support.js';

const timeout = 20_000;

describe.each(startMethods)('between processes (%s)', (startMethod) => {
  test('join waits until all is done, by whomever', async () => {
    const queue = new JoinableQueue();
    const workers = numbers(4).map(() => run(tasks.work, [queue], { startMethod }));
    for (const n of numbers(10)) await queue.put(n);
    await queue.join({ timeout });
    expect([queue.unfinished, queue.empty()]).toEqual([0, true]);
    queue.putManySync(numbers(10));
    queue.joinSync({ timeout });
    queue.close();
    const done = await Promise.all(workers.map((child) => child.result));
    expect((done as number[]).reduce((sum, count) => sum + count, 0)).toBe(20);
  });

  test.each(['joining', 'joiningSync'] as const)('%s goes on with the last taskDone', async (joining) => {
    const [queue, begun] = [new JoinableQueue(), new Event()];
    queue.putManySync([1, 2]);
    const child = run(tasks[joining], [queue, begun], { startMethod });
    await begun.wait({ timeout });
    queue.getManySync(2);
    queue.taskDone();
    expect(queue.unfinished).toBe(1);
    queue.taskDone();
    expect(await child.result).toEqual(['value', undefined]);
  });

  test.each([
    ['killed', 'kill'],
    ['ended with an error', 'throw'],
    ['ended well', undefined],
  ] as const)('a consumer that has %s does not hold up join: what it had is lost', async (_name, way) => {
    const [queue, taken, go] = [new JoinableQueue(), new Event(), new Event()];
    queue.putManySync(numbers(4));
    const child = run(tasks.workAnd, [queue, 3, 1, taken, go, way], { startMethod, stdio: 'ignore' });
    await taken.wait({ timeout });
    expect(queue.unfinished).toBe(3);
    const joining = queue.join({ timeout });
    go.set();
    await child.join();
    expect(queue.unfinished).toBe(1);
    expect(queue.lost).toBe(2);
    expect(queue.getSync()).toBe(3);
    queue.taskDone();
    await joining;
    queue.joinSync({ timeout });
  });

  test('taskDone is for what was taken in that process', async () => {
    const queue = new JoinableQueue();
    queue.putManySync([1, 2]);
    expect(await run(tasks.workTooMuch, [queue], { startMethod }).result).toEqual([
      'ForkyardError',
      'ERR_FORKYARD_TASK_DONE',
    ]);
    expect(queue.unfinished).toBe(1);
    expect(thrown(() => queue.taskDone())).toMatchObject({ code: 'ERR_FORKYARD_TASK_DONE' });
  });
});

test('join, blocked, hears of a consumer that is killed: nobody need look after it', async () => {
  const [queue, taken, begun] = [new JoinableQueue(), new Event(), new Event()];
  queue.putSync(1);
  const consumer = run(tasks.workAnd, [queue, 1, 0, taken, new Event(), undefined]);
  await taken.wait({ timeout });
  const waiting = [run(tasks.joiningSync, [queue, begun]), run(tasks.joining, [queue, begun])];
  await Promise.all(waiting.map((child) => child.started));
  consumer.kill();
  // Nobody here listens meanwhile: who waits finds out.
  queue.joinSync({ timeout });
  for (const child of waiting) expect(await child.result).toEqual(['value', undefined]);
  expect(queue.lost).toBe(1);
});

test('several may be taken before they are done', () => {
  const queue = new JoinableQueue(5);
  queue.putManySync(numbers(5));
  expect(queue.getManySync(3)).toEqual([0, 1, 2]);
  expect([queue.getSync(), queue.getNowait()]).toEqual([3, 4]);
  expect([queue.unfinished, queue.qsize(), queue.full()]).toEqual([5, 0, false]);
  for (const n of numbers(5)) {
    expect(queue.unfinished).toBe(5 - n);
    queue.taskDone();
  }
  queue.joinSync();
  expect(queue.lost).toBe(0);
});

test('taskDone once too often says what to do', () => {
  const queue = new JoinableQueue();
  const tooOften = {
    class: ForkyardError,
    code: 'ERR_FORKYARD_TASK_DONE',
    says: ['JoinableQueue.taskDone', 'more often than values were taken', 'call it once for each'],
  };
  expectClear(
    thrown(() => queue.taskDone()),
    tooOften,
  );
  queue.putSync(1);
  expectClear(
    thrown(() => queue.taskDone()),
    tooOften,
  );
  queue.getSync();
  queue.taskDone();
  expectClear(
    thrown(() => queue.taskDone()),
    tooOften,
  );
  queue.joinSync();
});

test('join has time-outs and signals, and is over at once where there is nothing to wait for', async () => {
  const queue = new JoinableQueue();
  await queue.join();
  queue.joinSync({ timeout: 0 });
  queue.putSync(1);
  for (const error of [
    await rejection(queue.join({ timeout: 2 })),
    thrown(() => queue.joinSync({ timeout: 2 })),
    thrown(() => queue.joinSync({ timeout: 0 })),
  ]) {
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatch(/JoinableQueue\.join(Sync)?: .*unfinished values: 1/);
  }
  const stop = new AbortController();
  const joining = queue.join({ signal: stop.signal });
  stop.abort(new Error('enough'));
  expect((await rejection(joining)).message).toBe('enough');
  expect(await rejection(queue.join({ timeout: 'soon' } as never))).toMatchObject({
    code: 'ERR_INVALID_ARG_TYPE',
  });
  // Taken is not done.
  queue.getSync();
  expect(thrown(() => queue.joinSync({ timeout: 0 }))).toBeInstanceOf(TimeoutError);
  queue.taskDone();
  await queue.join();
});

test('closing does not end join: what is in it is still to be done', async () => {
  const queue = new JoinableQueue();
  queue.putSync(1);
  queue.close();
  const joining = queue.join();
  queue.getSync();
  queue.taskDone();
  await joining;
  expect(queue.unfinished).toBe(0);
});

test('it is a Queue', () => {
  const queue = new JoinableQueue(1);
  expect(queue).toBeInstanceOf(Queue);
  queue.putNowait(1);
  expect(queue.full()).toBe(true);
  expect(thrown(() => queue.putNowait(2)).message).toContain('JoinableQueue.putNowait');
  expect('join' in new Queue()).toBe(false);
});
