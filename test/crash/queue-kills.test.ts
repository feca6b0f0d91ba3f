// A short soak; the long one is test/stress/queue.test.ts.
import { test } from 'vitest';
import { killAtAQueue } from './queue-kills.js';

test.each(['joinable', 'bounded'] as const)(
  '30 random kills of producers and consumers (%s): each item is got once, or told as lost',
  async (kind) => {
    await killAtAQueue(kind, 30, 50_000);
  },
);
