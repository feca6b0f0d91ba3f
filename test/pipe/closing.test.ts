// What waits at an end of a pipe when it is closed here.
import { expect, test } from 'vitest';
import { Pipe } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';

test('what waits at an end is rejected when it is closed here', async () => {
  const [ours, theirs] = Pipe();
  const waiting = [ours.recv(), ours.recvBytes(), ours.poll(Infinity), ours.poll(60_000)].map(rejection);
  ours.close();
  for (const error of await Promise.all(waiting)) {
    expect(error).toMatchObject({ code: 'ERR_FORKYARD_CLOSED' });
  }
  theirs.close();
});
