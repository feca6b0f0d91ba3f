// Between programs only plain data travels: what belongs to a family, or would make an object of a class, is refused when it
// is sent, and when somebody sends it by hand.
import { describe, expect, test } from 'vitest';
import { Client, Listener, type ListenerOptions } from '../../lib/connection.js';
import {
  AuthenticationError,
  currentProcess,
  Lock,
  NamedSemaphore,
  Pool,
  Process,
  RawArray,
  registerClass,
  SerializationError,
  SharedArray,
  SharedMemory,
  struct,
  Value,
} from '../../lib/index.js';
import { Encoder } from '../../lib/serialize/encoder.js';
import { rejection } from '../conformance/caught.js';
import { tasks } from '../fixtures/sync/tasks.mjs';
import { withPair } from './support.js';

class Registered {
  x = 1;
}
registerClass(Registered);
class Unknown {
  y = 2;
}
class Bytes extends Uint8Array {}
class Dictionary extends Map {}

/** Each is let go afterwards. */
const foreign: [string, () => unknown][] = [
  ['a lock', () => new Lock()],
  ['a shared array', () => new SharedArray('int32', 4)],
  ['a raw array', () => new RawArray('int32', 4)],
  ['a value', () => new Value('int32', 1)],
  ['shared memory', () => new SharedMemory({ create: true, size: 10 })],
  ['a semaphore', () => new NamedSemaphore(`forkyard-test-${process.pid}`, { create: true, value: 1 })],
  ['a type of structs', () => struct({ x: 'int32' })],
  ['a task', () => Object.values(tasks)[0]],
  ['a function', () => () => 1],
  ['a class', () => Unknown],
  ['a process', () => new Process({ target: Object.values(tasks)[0] as never })],
  ['an instance of a registered class', () => new Registered()],
  ['an instance of a class', () => new Unknown()],
  ['an array of a class', () => new Bytes(3)],
  ['a map of a class', () => new Dictionary()],
  ['an authkey', () => currentProcess().authkey],
  ['a promise', () => Promise.resolve()],
  ['a proxy', () => new Proxy({}, {})],
  ['a symbol', () => Symbol('s')],
  ['a URL', () => new URL('http://localhost')],
];

test.each(foreign)('%s is not sent, and its path is named', (_, make) =>
  withPair(async ({ ours, theirs }) => {
    const value = make();
    for (const container of [{ list: [value] }, { list: new Map([[0, value]]) }]) {
      const error = await rejection(ours.send(container));
      expect(error).toBeInstanceOf(SerializationError);
      expect(error.path).toMatch(/^list/);
    }
    if (value instanceof SharedMemory || value instanceof NamedSemaphore) {
      value.close();
      value.unlink();
    }
    await ours.send('goes on');
    expect(await theirs.recv()).toBe('goes on');
  }),
);

test('neither are connections, listeners and pools', () =>
  withPair(async ({ ours, listener }) => {
    const pool = new Pool(1);
    for (const value of [ours, listener, pool])
      expect(await rejection(ours.send([value]))).toMatchObject({
        code: 'ERR_FORKYARD_SERIALIZATION',
        path: '[0]',
      });
    await pool[Symbol.asyncDispose]();
  }));

describe('sent by hand', () => {
  const made: [string, () => unknown][] = [
    ['a task', () => Object.values(tasks)[0]],
    ['an instance of a registered class', () => new Registered()],
  ];
  test.each(made)('%s is refused by who receives it', (_, make) =>
    withPair(async ({ ours, theirs }) => {
      const encoder = new Encoder();
      encoder.encode([make()]);
      await ours.sendBytes(encoder.bytes.subarray(encoder.start, encoder.end));
      await ours.send('goes on');
      expect(await rejection(theirs.recv())).toBeInstanceOf(SerializationError);
      expect(await theirs.recv()).toBe('goes on');
    }),
  );

  test('what refers to shared memory, by any tag that there is, is refused', () =>
    withPair(async ({ ours, theirs }) => {
      for (let tag = 0; tag < 256; tag++)
        for (const rest of [[], [0], [0, 0], [5, 1, 65], [0, 4, 0, 0, 0, 0]])
          await ours.sendBytes(Buffer.from([tag, ...rest]));
      await ours.send('the end');
      for (;;) {
        const value = await theirs.recv().catch((error: unknown) => {
          expect(error).toBeInstanceOf(SerializationError);
          return undefined;
        });
        if (value === 'the end') break;
        expect(typeof value === 'object' && value !== null && value.constructor === Registered).toBe(false);
      }
    }));
});

test('plain data of every kind does travel', () =>
  withPair(async ({ ours, theirs }) => {
    const values = [
      Object.assign(Object.create(null), { a: 1 }),
      [
        new Uint8Array([1]),
        Buffer.from('b'),
        new ArrayBuffer(2),
        new Float64Array([0.5]),
        new DataView(new ArrayBuffer(1)),
      ],
      [new Date(1), /x/g, new Set([1]), new Map(), Object(1), 2n],
      { list: [undefined, null, 1], nested: { deep: true } },
    ];
    for (const value of values) {
      await ours.send(value);
      expect(await theirs.recv()).toEqual(value);
    }
    for (const error of [
      new RangeError('r'),
      new AggregateError([new Error('a')], 'all'),
      new AuthenticationError('k'),
    ]) {
      await ours.send(error);
      expect(await theirs.recv()).toMatchObject({ message: error.message });
    }
  }));

const options: ListenerOptions = { json: true };
test('JSON is what JSON is', async () => {
  const listener = new Listener(undefined, options);
  await listener.listening;
  const [ours, theirs] = await Promise.all([listener.accept(), Client(listener.address as string, options)]);
  await ours.sendBytes(Buffer.from('{"__proto__": {"polluted": true}, "constructor": 1}'));
  const value = (await theirs.recv()) as object;
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect({}).not.toHaveProperty('polluted');
  for (const each of [ours, theirs, listener]) each.close();
});
