// The memory that a queue takes, and gives back.
import { expect, test } from 'vitest';
import { memoryUse, Queue } from '../../lib/index.js';
import { until } from '../helpers/until.js';

test('what a queue has grown by goes back to the system once it was taken', async () => {
  const queue = new Queue<string>();
  const before = memoryUse().bytesInUse;
  const text = 'x'.repeat(10_000);
  for (let n = 0; n < 4000; n++) queue.putNowait(text);
  const grownBytes = memoryUse().bytesInUse - before;
  expect(grownBytes).toBeGreaterThan(4000 * text.length);
  while (!queue.empty()) expect(queue.getNowait()).toBe(text);
  // The ring that was written last stays: at most 16 MiB.
  await until(() => memoryUse().bytesInUse - before < 18 * 2 ** 20);
});
