// Everything that waits or takes options, called as one may believe that it is called: one table walks all of it. Each mistake is an
// error that shows the call as it should be, and takes, waits for or changes nothing.
import { afterAll, describe, expect, test } from 'vitest';
import { answerChallenge, Client, deliverChallenge, Listener, wait } from '../lib/connection.js';
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  getContext,
  JoinableQueue,
  Lock,
  NamedSemaphore,
  Pipe,
  Pool,
  Process,
  prewarm,
  Queue,
  RLock,
  Semaphore,
  SharedMemory,
  SimpleQueue,
  setStartMethod,
  Value,
} from '../lib/index.js';
import { getAffinity, getPriority } from '../lib/system.js';
import { tasks } from './fixtures/pool/tasks.mjs';

const key = Buffer.from('key');
const name = `forkyard-mistaken-${process.pid}`;
const lock = new Lock();
const rlock = new RLock();
const semaphore = new Semaphore(1);
const bounded = new BoundedSemaphore(1);
const event = new Event();
const barrier = new Barrier(2);
const condition = new Condition();
const named = new NamedSemaphore(name, { create: true, value: 1 });
const queue = new Queue<number>(1);
const simple = new SimpleQueue<number>();
const joinable = new JoinableQueue<number>();
const [left] = Pipe();
const listener = new Listener();
const pool = new Pool(1);
const child = new Process({ target: tasks.square, args: [2] });

afterAll(async () => {
  pool.terminate();
  await pool.join();
  left.close();
  listener.close();
  named.close();
  named.unlink();
});

type Call = (options: never) => unknown;
/** What waits: how it is called, and how the error shows it. */
const waits: [string, Call, string][] = [
  ['Process.join', (o) => child.join(o), 'join({ timeout: 5 })'],
  ['Lock.acquire', (o) => lock.acquire(o), 'acquire({ timeout: 5 })'],
  ['Lock.acquireSync', (o) => lock.acquireSync(o), 'acquireSync({ timeout: 5 })'],
  ['Lock.run', (o) => lock.run(() => 1, o), '{ timeout: 5 })'],
  ['Lock.runSync', (o) => lock.runSync(() => 1, o), '{ timeout: 5 })'],
  ['RLock.acquire', (o) => rlock.acquire(o), 'acquire({ timeout: 5 })'],
  ['RLock.acquireSync', (o) => rlock.acquireSync(o), 'acquireSync({ timeout: 5 })'],
  ['RLock.run', (o) => rlock.run(() => 1, o), '{ timeout: 5 })'],
  ['Semaphore.acquire', (o) => semaphore.acquire(o), 'acquire({ timeout: 5 })'],
  ['Semaphore.acquireSync', (o) => semaphore.acquireSync(o), 'acquireSync({ timeout: 5 })'],
  ['BoundedSemaphore.acquire', (o) => bounded.acquire(o), 'acquire({ timeout: 5 })'],
  ['BoundedSemaphore.acquireSync', (o) => bounded.acquireSync(o), 'acquireSync({ timeout: 5 })'],
  ['NamedSemaphore.acquire', (o) => named.acquire(o), 'acquire({ timeout: 5 })'],
  ['NamedSemaphore.acquireSync', (o) => named.acquireSync(o), 'acquireSync({ timeout: 5 })'],
  ['Event.wait', (o) => event.wait(o), 'wait({ timeout: 5 })'],
  ['Event.waitSync', (o) => event.waitSync(o), 'waitSync({ timeout: 5 })'],
  ['Barrier.wait', (o) => barrier.wait(o), 'wait({ timeout: 5 })'],
  ['Barrier.waitSync', (o) => barrier.waitSync(o), 'waitSync({ timeout: 5 })'],
  ['Condition.wait', (o) => condition.wait(o), 'wait({ timeout: 5 })'],
  ['Condition.waitSync', (o) => condition.waitSync(o), 'waitSync({ timeout: 5 })'],
  ['Condition.waitFor', (o) => condition.waitFor(() => true, o), 'waitFor(predicate, { timeout: 5 })'],
  [
    'Condition.waitForSync',
    (o) => condition.waitForSync(() => true, o),
    'waitForSync(predicate, { timeout: 5 })',
  ],
  ['Queue.put', (o) => queue.put(1, o), 'put(value, { timeout: 5 })'],
  ['Queue.putSync', (o) => queue.putSync(1, o), 'putSync(value, { timeout: 5 })'],
  ['Queue.get', (o) => queue.get(o), 'get({ timeout: 5 })'],
  ['Queue.getSync', (o) => queue.getSync(o), 'getSync({ timeout: 5 })'],
  ['Queue.putMany', (o) => queue.putMany([1], o), 'putMany(values, { timeout: 5 })'],
  ['Queue.putManySync', (o) => queue.putManySync([1], o), 'putManySync(values, { timeout: 5 })'],
  ['Queue.getMany', (o) => queue.getMany(1, o), 'getMany(most, { timeout: 5 })'],
  ['Queue.getManySync', (o) => queue.getManySync(1, o), 'getManySync(most, { timeout: 5 })'],
  ['SimpleQueue.put', (o) => simple.put(1, o), 'put(value, { timeout: 5 })'],
  ['SimpleQueue.get', (o) => simple.get(o), 'get({ timeout: 5 })'],
  ['JoinableQueue.join', (o) => joinable.join(o), 'join({ timeout: 5 })'],
  ['JoinableQueue.joinSync', (o) => joinable.joinSync(o), 'joinSync({ timeout: 5 })'],
  ['Connection.send', (o) => left.send(1, o), 'send(value, { timeout: 5 })'],
  ['Connection.sendSync', (o) => left.sendSync(1, o), 'sendSync(value, { timeout: 5 })'],
  ['Connection.recv', (o) => left.recv(o), 'recv({ timeout: 5 })'],
  ['Connection.recvSync', (o) => left.recvSync(o), 'recvSync({ timeout: 5 })'],
  ['Connection.sendBytes', (o) => left.sendBytes(key, o), 'sendBytes(bytes, { timeout: 5 })'],
  ['Connection.recvBytes', (o) => left.recvBytes(o), 'recvBytes({ timeout: 5 })'],
  [
    'Connection.recvBytesInto',
    (o) => left.recvBytesInto(Buffer.alloc(9), o),
    'recvBytesInto(target, { timeout: 5 })',
  ],
  ['Listener.accept', (o) => listener.accept(o), 'accept({ timeout: 5 })'],
  ['Client', (o) => Client('/nowhere', o), 'Client(address, { timeout: 5 })'],
  ['deliverChallenge', (o) => deliverChallenge(left, key, o), '(connection, authkey, { timeout: 5 })'],
  ['answerChallenge', (o) => answerChallenge(left, key, o), '(connection, authkey, { timeout: 5 })'],
  ['wait', (o) => wait([left], o), '{ timeout: 5 })'],
  ['Pool.join', (o) => pool.join(o), 'join({ timeout: 5 })'],
  ['Pool.apply', (o) => pool.apply(tasks.square, [2], o), 'apply(task, args, { timeout: 5 })'],
  ['Pool.map', (o) => pool.map(tasks.square, [2], o), 'map(task, items, { timeout: 5 })'],
];

/** What it throws or rejects with. */
async function mistake(call: Call, options: unknown): Promise<Error & { code?: string }> {
  try {
    await call(options as never);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was not refused');
}

describe.each(waits)('%s', (_, call, shown) => {
  test('a bare number is refused, with the call as it should be', async () => {
    const error = await mistake(call, 5);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.code).toBe('ERR_INVALID_ARG_TYPE');
    expect(error.message).toContain(shown);
  });

  test('what is no options object is refused', async () => {
    for (const given of ['5', true, null, [5], () => {}])
      expect(await mistake(call, given)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('an unknown option is named, with the right one', async () => {
    const error = await mistake(call, { timout: 5 });
    expect(error.message).toMatch(/'timout'.*'timeout'/);
  });

  test('a timeout that is no number of milliseconds is refused', async () => {
    expect(await mistake(call, { timeout: NaN })).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(await mistake(call, { timeout: '5' })).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(await mistake(call, { timeout: null })).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});

const takeOptions: [string, Call, string][] = [
  ['new Process', (o) => new Process(o), 'taget'],
  ['new Pool', (o) => new Pool(o), 'proceses'],
  ['prewarm', (o) => prewarm(o), 'preloads'],
  ['getContext', (o) => getContext('spawn', o), 'preloads'],
  ['setStartMethod', (o) => setStartMethod('spawn', o), 'forc'],
  ['new Semaphore', (o) => new Semaphore(1, o), 'ownd'],
  ['new Barrier', (o) => new Barrier(2, o), 'acton'],
  ['new NamedSemaphore', (o) => new NamedSemaphore('x', o), 'creat'],
  ['new SharedMemory', (o) => new SharedMemory(o), 'siz'],
  ['new Listener', (o) => new Listener(undefined, o), 'authky'],
  ['new Value', (o) => new Value('i', 0, o), 'lck'],
  ['Pipe', (o) => Pipe(o), 'duplx'],
  ['getAffinity', (o) => getAffinity(0, o), 'thred'],
  ['getPriority', (o) => getPriority(0, o), 'thred'],
];
test.each(takeOptions)('%s names an option that there is not', async (_, call, misspelt) => {
  const error = await mistake(call, { [misspelt]: 1 });
  expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(error.message).toContain(`'${misspelt}'`);
});

test('a signal in the place of the options is refused, with the call as it should be', async () => {
  const { signal } = new AbortController();
  expect((await mistake((o) => semaphore.acquire(o), signal)).message).toContain('acquire({ signal })');
});

test('a callback that gives a promise is refused where a synchronous one is needed', async () => {
  const later = async () => false;
  const guard = await condition.acquire();
  expect((await mistake(() => condition.waitForSync(later as never), 0)).message).toContain('waitFor()');
  guard.release();
  expect((await mistake(() => bounded.runSync(later as never), 0)).message).toContain('run()');
  expect(bounded.value).toBe(1);
});

test('join ends with the reason of its signal, and the process goes on', async () => {
  const slow = new Process({ target: tasks.later, args: [1, 60_000] });
  slow.start();
  const reason = new Error('enough');
  const controller = new AbortController();
  const joined = slow.join({ signal: controller.signal });
  controller.abort(reason);
  await expect(joined).rejects.toBe(reason);
  expect(slow.isAlive()).toBe(true);
  slow.terminate();
  expect(await slow.join()).toBe(true);
});

test('join of a pool ends with its time, and the workers go on', async () => {
  const busy = new Pool(1);
  const result = busy.apply(tasks.later, [1, 300]);
  busy.close();
  await expect(busy.join({ timeout: 1 })).rejects.toMatchObject({ code: 'ERR_FORKYARD_TIMEOUT' });
  expect(await result).toBe(1);
  await busy.join();
});
