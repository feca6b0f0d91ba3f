// Pipe: what its ends carry, in both directions or one; what they refuse; how they wait. Their ends and deaths: ends.test.ts.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { wait } from '../../lib/connection.js';
import {
  BufferTooShort,
  type Connection,
  EndOfFileError,
  Event,
  ForkyardError,
  getContext,
  Pipe,
  Pool,
  SerializationError,
  SharedArray,
  TimeoutError,
} from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { tasks } from '../fixtures/pipe/tasks.mjs';
import { until } from '../helpers/until.js';
import { numbers, resultOf, run, startMethods } from '../queue/support.js';

describe.each(startMethods)('with another process (%s)', (startMethod) => {
  test.each(['echo', 'echoSync'] as const)(
    '%s: values go and come back, until it is closed',
    async (echo) => {
      const [mine, theirs] = Pipe();
      const child = run(tasks[echo], [theirs], { startMethod });
      theirs.close();
      const values = [1, 'text', null, undefined, -0, 2n ** 65n, [new Date(5)], new Map([[1, new Set([2])]])];
      for (const value of values) await mine.send(value);
      for (const value of values) expect(await mine.recv()).toEqual(value);
      for (const value of values) {
        mine.sendSync(value);
        expect(mine.recvSync()).toEqual(value);
      }
      const array = new Float64Array(200_000).fill(1.5);
      await mine.send({ array });
      const back = (await mine.recv()) as { array: Float64Array };
      expect(Buffer.compare(Buffer.from(back.array.buffer, 0, 1_600_000), Buffer.from(array.buffer))).toBe(0);
      mine.close();
      expect(await child.result).toBeUndefined();
    },
  );

  test('bytes go and come back', async () => {
    const [mine, theirs] = Pipe();
    const child = run(tasks.echoBytes, [theirs], { startMethod });
    theirs.close();
    for (const size of [0, 1, 7, 16_383, 16_384, 16_385, 131_072, 5_000_001]) {
      const bytes = Buffer.alloc(size, size % 251);
      await mine.sendBytes(bytes);
      expect(bytes.equals(await mine.recvBytes())).toBe(true);
      mine.sendBytesSync(bytes);
      expect(bytes.equals(mine.recvBytesSync())).toBe(true);
    }
    mine.close();
    expect(await child.result).toBeUndefined();
  });

  test('one way: a process sends, this one receives in order, and then there is no more', async () => {
    const [receiver, sender] = Pipe({ duplex: false });
    run(tasks.sendMany, [sender, 3000, 100], { startMethod });
    sender.close();
    let n = 0;
    for await (const value of receiver) expect((value as [number])[0]).toBe(n++);
    expect(n).toBe(3000);
  });
});

test('which end does what', () => {
  const [a, b] = Pipe();
  expect([a.canSend, a.canRecv, b.canSend, b.canRecv]).toEqual([true, true, true, true]);
  for (const options of [false, { duplex: false }]) {
    const [receiver, sender] = Pipe(options);
    expect([receiver.canSend, receiver.canRecv]).toEqual([false, true]);
    expect([sender.canSend, sender.canRecv]).toEqual([true, false]);
  }
  expect(getContext('spawn').Pipe).toBe(Pipe);
});

test('the wrong direction is an error that names the other end', async () => {
  const [receiver, sender] = Pipe(false);
  const errors = [
    await rejection(receiver.send(1)),
    thrown(() => receiver.sendSync(1)),
    await rejection(receiver.sendBytes(Buffer.of(1))),
    thrown(() => receiver.writable),
    await rejection(sender.recv()),
    thrown(() => sender.recvSync()),
    await rejection(sender.recvBytes()),
    thrown(() => sender.recvBytesIntoSync(Buffer.alloc(1))),
    await rejection(sender.poll()),
    thrown(() => sender.pollSync()),
    await rejection(wait([sender])),
    thrown(() => sender.readable),
  ];
  for (const error of errors) {
    expectClear(error, {
      class: ForkyardError,
      code: 'ERR_FORKYARD_WRONG_DIRECTION',
      says: [/^(Connection\.\w+|wait):/, 'use the other end'],
    });
  }
});

test('wrong arguments', async () => {
  for (const options of ['yes', 5, null, { duplex: 1 }, { duplexx: true }]) {
    expect(thrown(() => Pipe(options as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  }
  const [a, b] = Pipe();
  expect(await rejection(a.send(1, { timeout: '5' } as never))).toMatchObject({
    code: 'ERR_INVALID_ARG_TYPE',
  });
  expect(await rejection(a.sendBytes('text' as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(await rejection(a.sendBytes(Buffer.alloc(3), { offset: 4 }))).toMatchObject({
    code: 'ERR_OUT_OF_RANGE',
  });
  expect(await rejection(a.recvBytes({ maxLength: -1 }))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  const { signal } = new AbortController();
  expect(thrown(() => a.recvSync({ signal } as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(await rejection(a.send({ run: () => {} }))).toBeInstanceOf(SerializationError);
  expect(b.pollSync()).toBe(false);
});

describe('bytes', () => {
  test('parts of them, and messages without any', async () => {
    const [a, b] = Pipe();
    const bytes = Buffer.from('abcdefgh');
    for (const [options, expected] of [
      [{}, 'abcdefgh'],
      [{ offset: 5 }, 'fgh'],
      [{ offset: 2, size: 3 }, 'cde'],
      [{ offset: 8 }, ''],
    ] as const) {
      await a.sendBytes(bytes, options);
      expect((await b.recvBytes()).toString()).toBe(expected);
    }
  });

  test('into a buffer; one that is too long is in the error, and used up', async () => {
    const [a, b] = Pipe();
    const target = Buffer.alloc(5, '.');
    await a.sendBytes(Buffer.from('abc'));
    expect(await b.recvBytesInto(target, { offset: 1 })).toBe(3);
    expect(target.toString()).toBe('.abc.');
    for (const size of [6, 100_000]) {
      await a.sendBytes(Buffer.alloc(size, 'x'));
      await a.sendBytes(Buffer.alloc(size, 'y'));
      for (const error of [
        await rejection(b.recvBytesInto(target)),
        thrown(() => b.recvBytesIntoSync(target)),
      ] as unknown as BufferTooShort[]) {
        expectClear(error, {
          class: BufferTooShort,
          code: 'ERR_FORKYARD_BUFFER_TOO_SHORT',
          says: [`${size}`, '5'],
        });
        expect(error.bytes).toHaveLength(size);
      }
    }
    expect(b.pollSync()).toBe(false);
    expect(target.toString()).toBe('.abc.');
  });

  test('longer than maxLength stays', async () => {
    const [a, b] = Pipe();
    for (const size of [10, 50_000]) {
      a.sendBytesSync(Buffer.alloc(size, 'x'));
      expect(await rejection(b.recvBytes({ maxLength: 9 }))).toMatchObject({
        code: 'ERR_FORKYARD_MESSAGE_TOO_LONG',
      });
      expect(thrown(() => b.recvBytesSync({ maxLength: size - 1 })).message).toContain(`has ${size} bytes`);
      expect(await b.recvBytes({ maxLength: size })).toHaveLength(size);
    }
  });

  test('what waits to be sent may be changed when the promise is settled, not before', async () => {
    const [receiver, sender] = Pipe(false);
    const bytes = Buffer.alloc(10_000, 1);
    let count = 0;
    const sending: Promise<void>[] = [];
    for (; count < 30; count++) sending.push(sender.sendBytes(bytes));
    bytes.fill(2);
    for (let n = 0; n < count; n++) {
      const got = await receiver.recvBytes();
      expect(got.equals(Buffer.alloc(10_000, got[0]))).toBe(true);
    }
    await Promise.all(sending);
  });

  test('a value that is received as bytes is an error that says so, and stays', async () => {
    const [a, b] = Pipe();
    await a.send('value');
    expect((await rejection(b.recvBytes())).message).toContain('recv');
    expect(await b.recv()).toBe('value');
  });
});

describe('waiting', () => {
  test('poll tells, and takes nothing', async () => {
    const [a, b] = Pipe();
    expect([await b.poll(), b.pollSync(), await b.poll(2), b.pollSync(2), await b.poll(-1)]).toEqual(
      numbers(5).map(() => false),
    );
    const polling = b.poll(Infinity);
    a.sendSync('x');
    expect(await polling).toBe(true);
    expect([b.pollSync(), await b.poll({ timeout: 5 })]).toEqual([true, true]);
    expect(await b.recv()).toBe('x');
    const stop = new AbortController();
    const aborted = b.poll({ signal: stop.signal });
    stop.abort(new Error('enough'));
    expect((await rejection(aborted)).message).toBe('enough');
  });

  test('time-outs and signals of recv take nothing', async () => {
    const [a, b] = Pipe();
    for (const error of [await rejection(b.recv({ timeout: 2 })), thrown(() => b.recvSync({ timeout: 2 }))]) {
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toMatch(/^Connection\.recv(Sync)?: .*2 ms/);
    }
    const stop = new AbortController();
    const aborted = b.recv({ signal: stop.signal });
    const next = b.recv();
    stop.abort(new Error('enough'));
    expect((await rejection(aborted)).message).toBe('enough');
    a.sendSync(1);
    expect(await next).toBe(1);
  });

  test('receivers are served in turn', async () => {
    const [a, b] = Pipe();
    const waiting = numbers(5).map(() => b.recv());
    for (const n of numbers(5)) a.sendSync(n);
    expect(await Promise.all(waiting)).toEqual(numbers(5));
  });

  test('a sender waits while the pipe is full, by promise and blocked', async () => {
    const [receiver, sender] = Pipe(false);
    const text = 'x'.repeat(5000);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 200; sent++) await sender.send([sent, text]);
    })();
    await until(() => !sender.closed && sent > 5);
    await rejection(sender.send('in its turn', { timeout: 20 }));
    expect(sent).toBeLessThan(200);
    expect(thrown(() => sender.sendSync(text, { timeout: 2 }))).toBeInstanceOf(TimeoutError);
    for (const n of numbers(200)) expect(((await receiver.recv()) as [number])[0]).toBe(n);
    await sending;
    expect(receiver.pollSync()).toBe(false);
  });

  test('large messages wait as well: memory is not filled with what nobody receives', async () => {
    const [receiver, sender] = Pipe(false);
    const sent = new SharedArray('int32', 1);
    const child = run(tasks.sendBlocks, [sender, 200, 300_000, sent]);
    sender.close();
    await until(() => receiver.pollSync());
    for (let last = -1; last !== sent[0]; ) {
      last = sent[0] as number;
      await until(() => true, { intervalMs: 50 });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(sent[0]).toBeLessThan(100);
    for (const n of numbers(200)) {
      const block = (await receiver.recv()) as Uint8Array;
      expect([block.length, block[0], block.at(-1)]).toEqual([300_000, n, n]);
    }
    await expect(receiver.recv()).rejects.toBeInstanceOf(EndOfFileError);
    await child.join();
  });

  test('wait() tells which ends have something', async () => {
    const pipes = numbers(3).map(() => Pipe());
    const mine = pipes.map(([first]) => first);
    expect(await wait(mine, { timeout: 2 })).toEqual([]);
    const waiting = wait(mine);
    pipes[1]?.[1].sendSync('x');
    expect((await waiting)[0]).toBe(mine[1]);
    pipes[0]?.[1].close();
    expect((await wait(mine)).map((one) => mine.indexOf(one))).toEqual([0, 1]);
  });
});

describe('as streams', () => {
  async function collect(source: AsyncIterable<unknown>): Promise<unknown[]> {
    const values: unknown[] = [];
    for await (const value of source) values.push(value);
    return values;
  }

  test('of the web and of Node', async () => {
    const [a, b] = Pipe();
    const writer = a.writable.getWriter();
    for (const value of [1, null, { two: 2 }]) void writer.write(value);
    const closing = writer.close();
    expect(await collect(b.readable as never)).toEqual([1, null, { two: 2 }]);
    await closing;
    expect(a.closed).toBe(true);
    const [receiver, sender] = Pipe(false);
    const sent = pipeline(Readable.from(numbers(500)), sender.toWritable());
    expect(await collect(receiver.toReadable())).toEqual(numbers(500));
    await sent;
  });

  test('a reader that is cancelled while it waits takes nothing', async () => {
    const [a, b] = Pipe();
    const reader = b.readable.getReader();
    const reading = reader.read();
    await reader.cancel();
    expect((await reading).done).toBe(true);
    a.sendSync(1);
    expect(await b.recv()).toBe(1);
  });

  test('a duplex to another process and back', async () => {
    const [mine, theirs] = Pipe();
    run(tasks.echo, [theirs]);
    theirs.close();
    const duplex = mine.toDuplex();
    for (const n of numbers(5)) duplex.write(n);
    const got: unknown[] = [];
    for await (const value of duplex) {
      got.push(value);
      if (got.length === 5) break;
    }
    expect(got).toEqual(numbers(5));
    await until(() => mine.closed);
  });
});

test('an end used by several processes at once: each message has one receiver', async () => {
  const [receiver, sender] = Pipe(false);
  const takers = numbers(2).map(() => run(tasks.takeSome, [receiver]));
  const senders = numbers(2).map((n) => run(tasks.sendMany, [sender, 300, n * 50]));
  receiver.close();
  sender.close();
  await Promise.all(senders.map((child) => child.result));
  const taken = (await Promise.all(takers.map((child) => child.result))) as [number, string][][];
  const of = (length: number) => taken.flat().filter(([, text]) => text.length === length);
  for (const length of [0, 50]) {
    expect(
      of(length)
        .map(([n]) => n)
        .sort((x, y) => x - y),
    ).toEqual(numbers(300));
  }
});

test('an end through a pool’s worker, and inside of a message', async () => {
  await using pool = new Pool(1);
  const [mine, theirs] = Pipe();
  const [a, b] = Pipe();
  const answered = pool.apply(tasks.answerThrough, [theirs] as never);
  await mine.send({ through: b });
  b.close();
  await a.send('asked');
  expect(await a.recv()).toBe('asked, answered');
  await answered;
  // The same end, as long as it is here.
  const [c, d] = Pipe();
  c.sendSync({ d });
  expect(((await d.recv()) as { d: Connection }).d).toBe(d);
  c.sendSync('for another process');
  expect(await resultOf(tasks.receiving, [d, new Event()])).toEqual(['value', 'for another process']);
});
