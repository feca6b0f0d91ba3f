// Which workers are given tasks, whatever is heard of them and when.
import { expect, test } from 'vitest';
import type { PoolWorker } from '../../lib/pool/backend.js';
import { Crew } from '../../lib/pool/crew.js';

const worker = { hasRoom: true, meanTaskUs: 0 } as PoolWorker;

test('a worker that was given up is not welcomed when it turns out that it was ready', () => {
  const crew = new Crew(1);
  const [first, second] = [crew.expect(1, worker), crew.expect(2, worker)];
  expect(crew.pick()).toBe(first);
  crew.remove(first);
  crew.welcome(first);
  expect(crew.pick()).toBe(second);
  crew.welcome(second);
  expect(crew.pick()).toBe(second);
  crew.take(second);
  expect(crew.pick()).toBeUndefined();
});
