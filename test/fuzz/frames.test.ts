// The frame parser takes any bytes in any chunks: the same messages however they are cut, errors of ours, memory in proportion.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameParser, frameOf } from '../../lib/connection/frame.js';
import { ForkyardError } from '../../lib/index.js';
import { attempt, bytes, check } from './support.js';

const limit = 128;

/** What comes out of a stream in such chunks, and the error that it ends with. */
function parsed(
  stream: Uint8Array,
  cuts: readonly number[],
): { messages: Buffer[]; code: string; isInside: boolean } {
  const parser = new FrameParser(limit);
  const messages: Buffer[] = [];
  let at = 0;
  const take = (chunk: Uint8Array): string => {
    parser.push(chunk);
    for (;;) {
      const message = attempt(() => parser.next());
      if (message instanceof ForkyardError) return message.code;
      if (message === undefined) return '';
      messages.push(message);
    }
  };
  let code = '';
  for (const cut of cuts) {
    code = take(stream.subarray(at, at + cut));
    at += cut;
    if (code !== '' || at >= stream.length) break;
  }
  if (code === '' && at < stream.length) code = take(stream.subarray(at));
  return { messages, code, isInside: code === '' && parser.isInside };
}

const cuts = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 });

test('messages are the same however the stream is cut', () => {
  check(
    fc.property(fc.array(fc.uint8Array({ maxLength: limit }), { maxLength: 6 }), cuts, (messages, sizes) => {
      const { messages: found, code, isInside } = parsed(Buffer.concat(messages.map(frameOf)), sizes);
      if (code !== '' || isInside || found.length !== messages.length) throw new Error(`${code} ${isInside}`);
      found.forEach((message, index) => {
        if (Buffer.compare(message, messages[index]) !== 0) throw new Error(`message ${index}`);
      });
    }),
  );
});

test('any bytes give the same messages and the same error however they are cut', () => {
  // Lengths that may be meant, among others.
  const stream = fc
    .array(
      fc.oneof(
        bytes,
        bytes.map(frameOf),
        fc
          .constantFrom([0, 0, 0, 3], [255, 255, 255, 255], [0, 0, 0, 0])
          .map((values) => Uint8Array.from(values)),
      ),
      {
        maxLength: 5,
      },
    )
    .map((parts) => Buffer.concat(parts));
  check(
    fc.property(stream, cuts, (all, sizes) => {
      const whole = parsed(all, [all.length]);
      const cut = parsed(all, sizes);
      const size = whole.messages.reduce((sum, message) => sum + message.length + 4, 0);
      if (size > all.length) throw new Error('more came out than went in');
      if (whole.code !== cut.code || whole.isInside !== cut.isInside)
        throw new Error(`${whole.code} is ${cut.code}`);
      if (Buffer.compare(Buffer.concat(whole.messages), Buffer.concat(cut.messages)) !== 0)
        throw new Error('messages');
      if (whole.messages.length !== cut.messages.length) throw new Error('number of messages');
    }),
  );
});

test('nothing that a header claims is allocated', () => {
  const before = process.memoryUsage().arrayBuffers;
  const kept: FrameParser[] = [];
  check(
    fc.property(fc.integer({ min: 1, max: 0x7fffffff }), bytes, (claim, start) => {
      const parser = new FrameParser(2 ** 31);
      const header = Buffer.alloc(4);
      header.writeInt32BE(Math.max(claim, start.length + 1));
      parser.push(header);
      parser.push(start);
      if (parser.next() !== undefined) throw new Error('a message out of nothing');
      if (kept.length < 100) kept.push(parser);
    }),
  );
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 2 ** 20);
  expect(kept.length).toBeGreaterThan(0);
});
