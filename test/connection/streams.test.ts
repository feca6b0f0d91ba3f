// Connections as streams of the web and of Node: values one at a time, with back-pressure, and what their ends mean.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { EndOfFileError } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';
import { withPair } from './support.js';

async function collect(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of source) values.push(value);
  return values;
}

test('writable sends, and closes the connection; readable ends there', () =>
  withPair(async ({ ours, theirs }) => {
    expect(ours.writable).toBe(ours.writable);
    const writer = ours.writable.getWriter();
    for (const value of [1, null, { two: 2 }]) void writer.write(value);
    await writer.close();
    expect(ours.closed).toBe(true);
    expect(await collect(theirs.readable as never)).toEqual([1, null, { two: 2 }]);
  }));

test('what a cancelled readable has not asked for is still in the connection', () =>
  withPair(async ({ ours, theirs }) => {
    for (const value of [1, 2, 3]) await ours.send(value);
    const reader = theirs.readable.getReader();
    expect(await reader.read()).toEqual({ done: false, value: 1 });
    await reader.cancel();
    expect(await theirs.recv()).toBe(2);
    // Also where it is waiting.
    const other = theirs.toReadable();
    expect((await other[Symbol.asyncIterator]().next()).value).toBe(3);
    other.read();
    other.destroy();
    await ours.send(4);
    expect(await theirs.recv()).toBe(4);
  }));

test('writing waits for who reads', () =>
  withPair(async ({ ours, theirs }) => {
    const block = Buffer.alloc(2 ** 20);
    let made = 0;
    const source = new ReadableStream({
      pull(controller) {
        if (made === 40) controller.close();
        else controller.enqueue({ number: made++, block });
      },
    });
    const piped = source.pipeTo(ours.writable);
    expect(await theirs.poll(Infinity)).toBe(true);
    for (let n = 0; n < 20; n++) await theirs.poll(0);
    expect(made).toBeLessThan(20);
    const numbers = (await collect(theirs.readable as never)).map(
      (value) => (value as { number: number }).number,
    );
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, number) => number));
    await piped;
  }));

test("Node's streams: a pipeline through both ends", () =>
  withPair(async ({ ours, theirs }) => {
    const sent = pipeline(Readable.from([1, 2, 3]), ours.toWritable());
    expect(await collect(theirs.toReadable())).toEqual([1, 2, 3]);
    await sent;
    expect(ours.closed).toBe(true);
  }));

test('a duplex whose writing has ended still hears the answers', () =>
  withPair(async ({ ours, theirs }) => {
    const answering = (async () => {
      const got = await collect(theirs);
      for (const value of got) await theirs.send((value as number) * 2);
      theirs.close();
    })();
    const answers: unknown[] = [];
    await pipeline(Readable.from([1, 2, 3]), ours.toDuplex(), async (source) => {
      for await (const value of source) answers.push(value);
    });
    expect(answers).toEqual([2, 4, 6]);
    await answering;
    expect(ours.closed).toBe(true);
  }));

test('after the end of a duplex nothing is sent, and what is received goes on', () =>
  withPair(async ({ ours, theirs }) => {
    ours.toDuplex().end();
    await theirs.send('still');
    expect(await rejection(theirs.recv())).toBeInstanceOf(EndOfFileError);
    expect(await rejection(ours.send(1))).toMatchObject({
      code: 'ERR_FORKYARD_CLOSED',
      message: expect.stringContaining('was ended'),
    });
    expect([ours.closed, await ours.recv()]).toEqual([false, 'still']);
  }));

test('an error of the connection is the error of the stream', () =>
  withPair(async ({ ours, theirs }) => {
    await ours.sendBytes(Buffer.from('no value'));
    expect(await rejection(collect(theirs.toReadable()))).toMatchObject({
      code: 'ERR_FORKYARD_CORRUPT_MESSAGE',
    });
    await ours.send(null);
    expect((await rejection(collect(theirs.toReadable()))).message).toContain('null');
    const writer = ours.writable.getWriter();
    expect(await rejection(writer.write(() => {}))).toMatchObject({ code: 'ERR_FORKYARD_SERIALIZATION' });
    ours.close();
    expect(await rejection(theirs.recv())).toBeInstanceOf(EndOfFileError);
  }));
