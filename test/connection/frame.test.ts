// Messages in a stream of bytes. Arbitrary ones are fuzz/frames.test.ts.
import { expect, test } from 'vitest';
import { FrameParser, frameOf } from '../../lib/connection/frame.js';
import { thrown } from '../conformance/caught.js';

const messages = [
  Buffer.alloc(0),
  Buffer.from('a'),
  Buffer.alloc(70_000, 'b'),
  Buffer.alloc(0),
  Buffer.from('end'),
];
const stream = Buffer.concat(messages.map(frameOf));

test.each([1, 3, 4, 5, 4096, stream.length])('messages are the same in chunks of %i bytes', (size) => {
  const parser = new FrameParser(70_000);
  const found: Buffer[] = [];
  for (let at = 0; at < stream.length; at += size) {
    parser.push(stream.subarray(at, at + size));
    for (let message = parser.next(); message !== undefined; message = parser.next()) found.push(message);
  }
  expect(found.map(String)).toEqual(messages.map(String));
  expect(parser.isInside).toBe(false);
});

test('lengths are those of CPython', () => {
  expect([...frameOf(Buffer.alloc(258)).subarray(0, 4)]).toEqual([0, 0, 1, 2]);
  const parser = new FrameParser(100);
  parser.push(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, 7, 8]));
  expect([...(parser.next() as Buffer)]).toEqual([7, 8]);
});

test('a length above the limit, or below zero, is an error from then on; what came before is not lost', () => {
  for (const [header, code] of [
    [[0, 0, 0, 6], 'ERR_FORKYARD_FRAME_TOO_LONG'],
    [[0x80, 0, 0, 0], 'ERR_FORKYARD_CORRUPT_MESSAGE'],
    [Array.from<number>({ length: 12 }).fill(0xff), 'ERR_FORKYARD_FRAME_TOO_LONG'],
  ] as const) {
    const parser = new FrameParser(5);
    parser.push(Buffer.concat([frameOf(Buffer.from('12345')), Buffer.from(header)]));
    expect(String(parser.next())).toBe('12345');
    for (let n = 0; n < 2; n++) {
      expect(thrown(() => parser.next())).toMatchObject({ code });
      parser.push(frameOf(Buffer.from('ok')));
    }
  }
});

test('no memory is taken for what is only claimed', () => {
  const parser = new FrameParser(2 ** 31);
  const before = process.memoryUsage().arrayBuffers;
  parser.push(Buffer.from([0x7f, 0xff, 0xff, 0xff, 1]));
  expect(parser.next()).toBe(undefined);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
});
