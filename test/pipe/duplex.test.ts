// A pipe as a duplex stream of Node: its two directions end apart.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { EndOfFileError, Pipe } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';

test('a duplex whose writing has ended still hears the answers', async () => {
  const [ours, theirs] = Pipe();
  const answering = (async () => {
    const got: unknown[] = [];
    for await (const value of theirs) got.push(value);
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
});

test('after the end of its writing nothing is sent, and the other side is told once it has all', async () => {
  const [ours, theirs] = Pipe();
  const duplex = ours.toDuplex();
  duplex.end('last');
  await new Promise((resolve) => duplex.once('finish', resolve));
  expect(ours.closed).toBe(false);
  expect(await rejection(ours.send('more'))).toMatchObject({ code: 'ERR_FORKYARD_CLOSED' });
  expect(await theirs.recv()).toBe('last');
  expect(await theirs.poll()).toBe(true);
  expect(await rejection(theirs.recv())).toBeInstanceOf(EndOfFileError);
  await theirs.send('an answer');
  expect(await ours.recv()).toBe('an answer');
  ours.close();
  theirs.close();
});
