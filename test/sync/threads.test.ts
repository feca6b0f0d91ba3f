// Threads of one process: the same locks, and the end of a thread is a death.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import {
  Barrier,
  BrokenBarrierError,
  Condition,
  Event,
  fromThread,
  Lock,
  SharedArray,
  toThread,
  Value,
} from '../../lib/index.js';
import { rejection, thrown } from '../conformance/caught.js';
import { until } from '../helpers/until.js';

function shared() {
  return {
    lock: new Lock(),
    array: new SharedArray('int32', 1),
    event: new Event(),
    condition: new Condition(),
    barrier: new Barrier(2),
    value: new Value('i', 0),
  };
}

function startThread(objects: ReturnType<typeof shared>) {
  const worker = new Worker(new URL('../fixtures/sync/thread.mjs', import.meta.url), {
    workerData: toThread(objects),
  });
  onTestFinished(async () => void (await worker.terminate()));
  const heard: unknown[][] = [];
  worker.on('message', (message: unknown[]) => heard.push(message));
  const heardOf = (act: string, what: string) =>
    until(() => heard.find(([name, state]) => name === act && state === what));
  return {
    worker,
    tell: (act: string) => worker.postMessage(act),
    begun: (act: string) => heardOf(act, 'begins'),
    done: async (act: string) => (await heardOf(act, 'done'))[2],
  };
}

test('lock, counter, condition and barrier are those of all threads', async () => {
  const objects = shared();
  const { lock, array, value, condition, barrier } = objects;
  const thread = startThread(objects);
  thread.tell('count');
  for (let n = 0; n < 1000; n++) {
    await lock.run(() => {
      array[0] = (array[0] as number) + 1;
    });
    value.add(1);
  }
  await thread.done('count');
  expect([array[0], value.value]).toEqual([2000, 2000]);

  thread.tell('pass');
  expect((await barrier.wait()) + ((await thread.done('pass')) as number)).toBe(1);

  thread.tell('wait');
  const waits = thread.done('wait');
  let isOver = false;
  void waits.then(() => {
    isOver = true;
  });
  await until(async () => {
    await condition.run(() => condition.notify());
    return isOver;
  });
  thread.tell('same');
  expect(await thread.done('same')).toBe(true);
});

test('a thread that ends while it holds a lock: the next is told', async () => {
  const objects = shared();
  const thread = startThread(objects);
  thread.tell('hold');
  await thread.done('hold');
  expect(objects.lock.locked).toBe(true);
  const next = objects.lock.acquire();
  await thread.worker.terminate();
  const guard = await next;
  expect(guard.ownerDied).toBe(true);
  guard.release();
});

test('a thread that ends while it waits at a barrier breaks it', async () => {
  const objects = { ...shared(), barrier: new Barrier(3) };
  const thread = startThread(objects);
  thread.tell('pass');
  await thread.begun('pass');
  await until(() => objects.barrier.nWaiting === 1);
  const waiting = rejection(objects.barrier.wait());
  await thread.worker.terminate();
  expect(await waiting).toBeInstanceOf(BrokenBarrierError);
});

test('a thread that is blocked can be ended', async () => {
  const objects = shared();
  const thread = startThread(objects);
  thread.tell('block');
  await thread.begun('block');
  objects.event.set();
  await thread.done('block');
  objects.event.clear();
  const exit = once(thread.worker, 'exit');
  await thread.worker.terminate();
  await exit;
});

test('what is none of its messages, or was let go of', () => {
  for (const message of [undefined, 1, {}, { forkyard: new Uint8Array(2) }]) {
    expect(thrown(() => fromThread(message as never))).toBeInstanceOf(TypeError);
  }
  const { forkyard, blocks } = toThread(new Lock());
  const stale = blocks.map(({ block, generation }) => ({ block, generation: generation + 1 }));
  expect(thrown(() => fromThread({ forkyard, blocks: stale }))).toMatchObject({
    code: 'ERR_FORKYARD_STALE_HANDLE',
  });
  expect(fromThread(toThread({ a: [1, 'b', new Date(5)] }))).toEqual({ a: [1, 'b', new Date(5)] });
  expect(thrown(() => toThread(() => {})).message).toContain('function');
});
