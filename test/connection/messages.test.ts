// What a connection carries: values and bytes, in order and whole, until the end of file; what it refuses at the call.
// Over a Unix socket; who may connect is authentication.test.ts, the streams are streams.test.ts.
import { expect, test } from 'vitest';
import { Client, Listener } from '../../lib/connection.js';
import { BufferTooShort, EndOfFileError, ForkyardError, TimeoutError } from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { hasPython, runPython } from '../native-binding/python.js';
import { newPath, strangeListener, stranger, withPair } from './support.js';

test('values arrive as they were, bytes as bytes, in order', () =>
  withPair(async ({ ours, theirs }) => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const values = [1, 'text', undefined, null, [1n, new Date(5)], new Map([[1, new Set([2])]]), circular];
    for (const value of values) await ours.send(value);
    for (const value of values) expect(await theirs.recv()).toEqual(value);
    await ours.send(new Error('of the other side'));
    expect(await theirs.recv()).toMatchObject({ message: 'of the other side' });
    const large = Buffer.alloc(16 * 2 ** 20, 'large');
    const echoed = theirs.recvBytes().then((bytes) => theirs.sendBytes(bytes));
    await ours.sendBytes(large);
    expect(large.equals(await ours.recvBytes())).toBe(true);
    await echoed;
  }));

test('as JSON, messages are UTF-8 that any program reads', () =>
  withPair(
    async ({ ours, theirs }) => {
      await ours.send({ list: [1, null, 'ä'] });
      expect((await theirs.recvBytes()).toString()).toBe('{"list":[1,null,"ä"]}');
      await theirs.sendBytes(Buffer.from(' {"a": [true]} '));
      expect(await ours.recv()).toEqual({ a: [true] });
      await theirs.sendBytes(Buffer.from('{'));
      await theirs.sendBytes(Buffer.from([0x22, 0xff, 0x22]));
      for (let n = 0; n < 2; n++) {
        expect(await rejection(ours.recv())).toMatchObject({
          code: 'ERR_FORKYARD_CORRUPT_MESSAGE',
          message: expect.stringContaining('is used up'),
        });
      }
      for (const value of [undefined, () => {}, 1n])
        expect(await rejection(ours.send(value))).toMatchObject({ code: 'ERR_FORKYARD_SERIALIZATION' });
      await theirs.send('goes on');
      expect(await ours.recv()).toBe('goes on');
    },
    { json: true },
  ));

test('parts of bytes, and messages without any', () =>
  withPair(async ({ ours, theirs }) => {
    const bytes = Buffer.from('abcdefghijklmnopqrstuvwxyz');
    const cases: [{ offset?: number; size?: number } | undefined, string][] = [
      [undefined, bytes.toString()],
      [{ offset: 5 }, 'fghijklmnopqrstuvwxyz'],
      [{ offset: 7, size: 8 }, 'hijklmno'],
      [{ offset: 26 }, ''],
      [{ offset: 26, size: 0 }, ''],
      [{ size: 0 }, ''],
    ];
    for (const [options, expected] of cases) {
      await ours.sendBytes(bytes, options);
      expect((await theirs.recvBytes()).toString()).toBe(expected);
    }
    await ours.sendBytes(new Uint16Array([0x6261, 0x6463]), { offset: 1, size: 2 });
    expect((await theirs.recvBytes()).toString()).toBe('bc');
    await ours.sendBytes(new Uint8Array([1, 2]).buffer);
    expect([...(await theirs.recvBytes())]).toEqual([1, 2]);
    for (const options of [
      { offset: 27 },
      { offset: 22, size: 5 },
      { offset: 26, size: 1 },
      { offset: -1 },
      { size: -1 },
    ])
      expect(await rejection(ours.sendBytes(bytes, options))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  }));

test('what was sent may be changed at once', () =>
  withPair(async ({ ours, theirs }) => {
    const bytes = Buffer.alloc(300_000, 1);
    const sent = ours.sendBytes(bytes);
    bytes.fill(2);
    expect((await theirs.recvBytes()).every((byte) => byte === 1)).toBe(true);
    await sent;
  }));

test('a message too long for maxLength stays; one too long for a buffer is in the error', () =>
  withPair(async ({ ours, theirs }) => {
    await ours.sendBytes(Buffer.from('1234567890'));
    expectClear(await rejection(theirs.recvBytes({ maxLength: 9 })), {
      class: ForkyardError,
      code: 'ERR_FORKYARD_MESSAGE_TOO_LONG',
      says: ['10 bytes', 'maxLength is 9'],
    });
    expect((await theirs.recvBytes({ maxLength: 10 })).toString()).toBe('1234567890');

    const target = Buffer.alloc(12, '.');
    await ours.sendBytes(Buffer.from('1234567890'));
    expect(await theirs.recvBytesInto(target, { offset: 2 })).toBe(10);
    expect(target.toString()).toBe('..1234567890');
    await ours.sendBytes(Buffer.from('another one'));
    const error = await rejection(theirs.recvBytesInto(target, { offset: 2 }));
    expect(error).toBeInstanceOf(BufferTooShort);
    expect(Buffer.from(error.bytes as Uint8Array).toString()).toBe('another one');
    expect(target.toString()).toBe('..1234567890');
    expect(await theirs.poll()).toBe(false);
  }));

test('poll says whether there is something: now, within a time, before an abort; also the end', () =>
  withPair(async ({ ours, theirs }) => {
    expect(await theirs.poll()).toBe(false);
    expect(await theirs.poll(-1)).toBe(false);
    expect(await theirs.poll({})).toBe(false);
    expect(await theirs.poll({ timeout: undefined })).toBe(false);
    expect(await theirs.poll(5)).toBe(false);
    const polled = theirs.poll(Infinity);
    await ours.send(null);
    expect(await polled).toBe(true);
    expect(await theirs.poll()).toBe(true);
    expect(await theirs.recv()).toBe(null);
    const stop = new AbortController();
    const aborted = theirs.poll({ signal: stop.signal });
    stop.abort('enough');
    expect(await aborted.catch((reason: unknown) => reason)).toBe('enough');
    ours.close();
    expect(await theirs.poll(Infinity)).toBe(true);
    expect(await rejection(theirs.recv())).toBeInstanceOf(EndOfFileError);
  }));

test('asking again and again lets the message in', () =>
  withPair(async ({ ours, theirs }) => {
    void ours.send('in the end');
    while (!(await theirs.poll()));
    expect(await theirs.recv({ timeout: 0 })).toBe('in the end');
  }));

test('what is received late or not at all is not lost, and goes to those who wait in their order', () =>
  withPair(async ({ ours, theirs }) => {
    expect(await rejection(theirs.recv({ timeout: 5 }))).toBeInstanceOf(TimeoutError);
    const stop = new AbortController();
    const aborted = theirs.recv({ signal: stop.signal });
    const waiting = [theirs.recv(), theirs.recvBytes({ maxLength: 1 }), theirs.recv()];
    stop.abort(new Error('changed my mind'));
    expect((await rejection(aborted)).message).toBe('changed my mind');
    await ours.send('first');
    await ours.send('second');
    expect(await waiting[0]).toBe('first');
    expect(await rejection(waiting[1])).toMatchObject({ code: 'ERR_FORKYARD_MESSAGE_TOO_LONG' });
    expect(await waiting[2]).toBe('second');
    expect(
      await rejection(
        theirs
          .recv({ signal: AbortSignal.abort('before') })
          .catch((reason) => Promise.reject(new Error(reason))),
      ),
    ).toMatchObject({ message: 'before' });
  }));

test('the end comes after everything that was sent, and stays', () =>
  withPair(async ({ ours, theirs }) => {
    const count = 2000;
    for (let n = 0; n < count; n++) void ours.send(n).catch(() => {});
    await ours.send('last');
    ours.close();
    const got: unknown[] = [];
    for await (const value of theirs) got.push(value);
    expect(got).toHaveLength(count + 1);
    expect(got.at(-1)).toBe('last');
    for (let n = 0; n < 2; n++) {
      expectClear(await rejection(theirs.recv()), {
        class: EndOfFileError,
        code: 'ERR_FORKYARD_END_OF_FILE',
        says: ['Connection.recv', 'closed'],
      });
    }
    expect(await rejection(theirs.recvBytes())).toBeInstanceOf(EndOfFileError);
    const failed = async (): Promise<Error> => {
      for (;;) {
        const error = await theirs.send('nobody hears').then(
          () => undefined,
          (reason: Error) => reason,
        );
        if (error !== undefined) return error;
      }
    };
    expect(await failed()).toMatchObject({ code: 'ERR_FORKYARD_BROKEN_PIPE' });
  }));

test('a failed send does not lose what the other side said before it closed', async () => {
  if (!hasPython) return;
  const listener = new Listener();
  await listener.listening;
  // All of it while the event loop stands still.
  runPython(
    "import sys; from multiprocessing.connection import Client; Client(sys.argv[1]).send_bytes(b'the last word')",
    listener.address as string,
  );
  const connection = await listener.accept();
  expectClear(await rejection(connection.send('too late')), {
    class: ForkyardError,
    code: 'ERR_FORKYARD_BROKEN_PIPE',
    says: ['Connection.send', 'nobody receives'],
  });
  expect((await connection.recvBytes()).toString()).toBe('the last word');
  expect(await rejection(connection.recv())).toBeInstanceOf(EndOfFileError);
  connection.close();
  listener.close();
});

test('who has ended sending still receives', async () => {
  const listener = await strangeListener();
  const connection = await Client(listener.path);
  const peer = await listener.first;
  peer.say(Buffer.from('all of it'));
  peer.socket.end();
  expect((await connection.recvBytes()).toString()).toBe('all of it');
  expect(await rejection(connection.recvBytes())).toBeInstanceOf(EndOfFileError);
  await connection.sendBytes(Buffer.from('answer'));
  expect((await peer.hear(10)).subarray(4).toString()).toBe('answer');
  connection.close();
  await peer.ended;
  listener.close();
});

test('a message that is cut off is no end', async () => {
  const listener = await strangeListener();
  const connection = await Client(listener.path);
  const peer = await listener.first;
  peer.socket.end(Buffer.from([0, 0, 0, 9, 1, 2]));
  expectClear(await rejection(connection.recv()), {
    class: ForkyardError,
    code: 'ERR_FORKYARD_CONNECTION_LOST',
    says: ['inside of a message'],
  });
  connection.close();
  listener.close();
});

test('a closed connection says so, and those who waited at it hear it', () =>
  withPair(async ({ ours, theirs }) => {
    const waiting = [theirs.recv(), theirs.poll(Infinity), theirs.recvBytes()];
    expect(theirs.closed).toBe(false);
    theirs.close();
    theirs.close();
    expect(theirs.closed).toBe(true);
    for (const promise of waiting)
      expect(await rejection(promise)).toMatchObject({ code: 'ERR_FORKYARD_CLOSED' });
    for (const call of [theirs.send(1), theirs.recv(), theirs.poll(), theirs.sendBytes(Buffer.alloc(1))])
      expect(await rejection(call)).toMatchObject({ code: 'ERR_FORKYARD_CLOSED' });
    expect(thrown(() => theirs.readable)).toMatchObject({ code: 'ERR_FORKYARD_CLOSED' });
    expect(await rejection(ours.recv())).toBeInstanceOf(EndOfFileError);
  }));

test('who sends to somebody who does not receive waits, and what has not begun can be given up', async () => {
  const listener = await strangeListener();
  const connection = await Client(listener.path);
  const peer = await listener.first;
  peer.socket.pause();
  const large = Buffer.alloc(4 * 2 ** 20, 'x');
  const begun = connection.sendBytes(large);
  expect(await rejection(connection.sendBytes(large, { timeout: 5 }))).toMatchObject({
    code: 'ERR_FORKYARD_TIMEOUT',
  });
  const stop = new AbortController();
  const aborted = connection.sendBytes(large, { signal: stop.signal });
  stop.abort(new Error('enough'));
  expect(await rejection(aborted)).toMatchObject({ message: 'enough' });
  const last = connection.sendBytes(Buffer.from('!'));
  peer.socket.resume();
  await Promise.all([begun, last]);
  const all = await peer.hear(large.length + 4 + 4 + 1);
  expect(all.at(-1)).toBe('!'.charCodeAt(0));
  connection.close();
  listener.close();
  await peer.ended;
});

test('a message of which a part is gone is not given up, and the error says so', async () => {
  const listener = await strangeListener();
  const connection = await Client(listener.path);
  const peer = await listener.first;
  peer.socket.pause();
  const large = Buffer.alloc(4 * 2 ** 20, 'x');
  expectClear(await rejection(connection.sendBytes(large, { timeout: 5 })), {
    class: TimeoutError,
    code: 'ERR_FORKYARD_PARTLY_SENT',
    says: ['Do not send it again'],
  });
  const stop = new AbortController();
  const second = await Client(listener.path);
  const sending = rejection(second.sendBytes(large, { signal: stop.signal }));
  await new Promise(setImmediate);
  stop.abort('enough');
  expectClear(await sending, {
    class: ForkyardError,
    code: 'ERR_FORKYARD_PARTLY_SENT',
    says: ['aborted', 'Do not send it again'],
  });
  expect((await sending).cause).toBe('enough');
  second.close();
  connection.close();
  peer.socket.resume();
  await peer.hear(4 + large.length);
  await peer.ended;
  listener.close();
});

test('no more is read than is received', async () => {
  const listener = new Listener(newPath());
  await listener.listening;
  const peer = await stranger(listener.address as string);
  const connection = await listener.accept();
  const megabyte = Buffer.alloc(2 ** 20);
  const sent = 64;
  for (let n = 0; n < sent; n++) peer.say(megabyte);
  expect(await connection.poll(Infinity)).toBe(true);
  for (let n = 0; n < 20; n++) await connection.poll({ timeout: 0 });
  // The system holds some, and so does this side; the rest waits in the peer.
  expect(peer.socket.writableLength).toBeGreaterThan((sent / 2) * megabyte.length);
  for (let n = 0; n < sent; n++) expect((await connection.recvBytes()).length).toBe(megabyte.length);
  peer.socket.destroy();
  connection.close();
  listener.close();
});

test('wrong arguments are refused by name, and nothing happens', () =>
  withPair(async ({ ours, theirs }) => {
    const never = null as never;
    const wrong: [Promise<unknown>, string, string][] = [
      [ours.send(1, { timeOut: 1 } as never), 'ERR_INVALID_ARG_TYPE', 'timeOut'],
      [ours.send(1, 5 as never), 'ERR_INVALID_ARG_TYPE', 'options'],
      [ours.send(1, { timeout: '1' as never }), 'ERR_INVALID_ARG_TYPE', 'timeout'],
      [ours.recv({ timeout: NaN }), 'ERR_OUT_OF_RANGE', 'timeout'],
      [ours.recv({ signal: {} as never }), 'ERR_INVALID_ARG_TYPE', 'signal'],
      [ours.recvBytes({ maxLength: -1 }), 'ERR_OUT_OF_RANGE', 'maxLength'],
      [ours.recvBytes({ maxLength: 1.5 }), 'ERR_OUT_OF_RANGE', 'maxLength'],
      [ours.sendBytes('text' as never), 'ERR_INVALID_ARG_TYPE', 'bytes'],
      [ours.sendBytes(never), 'ERR_INVALID_ARG_TYPE', 'bytes'],
      [ours.sendBytes(Buffer.alloc(1), { offset: '0' as never }), 'ERR_INVALID_ARG_TYPE', 'offset'],
      [ours.sendBytes(Buffer.alloc(1), { length: 1 } as never), 'ERR_INVALID_ARG_TYPE', 'length'],
      [ours.recvBytesInto([] as never), 'ERR_INVALID_ARG_TYPE', 'target'],
      [ours.recvBytesInto(Buffer.alloc(1), { offset: 2 }), 'ERR_OUT_OF_RANGE', 'offset'],
      [ours.poll('1' as never), 'ERR_INVALID_ARG_TYPE', 'timeout'],
      [ours.poll(never), 'ERR_INVALID_ARG_TYPE', 'options'],
    ];
    for (const [promise, code, name] of wrong) {
      const error = await rejection(promise);
      expect(error).toMatchObject({ code });
      expect(error.message).toContain(name);
    }
    expect(await theirs.poll()).toBe(false);
  }));

test('blocking is refused, and says what to do', () =>
  withPair(async ({ ours }) => {
    const calls = [
      () => ours.sendSync(1),
      () => ours.recvSync(),
      () => ours.sendBytesSync(Buffer.alloc(1)),
      () => ours.recvBytesSync(),
      () => ours.recvBytesIntoSync(Buffer.alloc(1)),
      () => ours.pollSync(),
    ];
    for (const call of calls) expect(thrown(call)).toMatchObject({ code: 'ERR_FORKYARD_NO_SYNC' });
    expect(thrown(() => ours.recvSync()).message).toContain('await recv()');
    expect(thrown(() => ours.recvSync({ signal: undefined } as never))).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }));
