// The event loop of the program that calls belongs to that program: a crowd of results leaves it its turns.

import { Pool, Value } from 'forkyard';
import { expect, test } from 'vitest';
import { tasks } from '../fixtures/pool/event-loop.mjs';

function busyFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Counts the turns of the event loop until it is stopped. */
function countTurns(): { readonly turns: number; stop(): void } {
  let turns = 0;
  let next = setImmediate(function turn() {
    turns++;
    next = setImmediate(turn);
  });
  return {
    get turns() {
      return turns;
    },
    stop: () => clearImmediate(next),
  };
}

/** Blocks this thread, event loop and all. */
function blockUntil(isSo: () => boolean): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let looks = 0; !isSo() && looks < 20_000; looks++) Atomics.wait(cell, 0, 0, 1);
}

test('a crowd of results, each with work of the caller behind it, leaves the event loop its turns', async () => {
  const pool = new Pool(2);
  const done = new Value('i', 0);
  const loop = countTurns();
  // In which turns of the loop the results of a crowd are settled that have all arrived before the first is.
  const settleCrowd = async (): Promise<{ results: number; turns: number }> => {
    const before = done.value;
    const seenIn: number[] = [];
    const calls = Array.from({ length: 400 }, async () => {
      await pool.apply(tasks.count, [done]);
      busyFor(0.5);
      seenIn.push(loop.turns);
    });
    const results = pool.stats().workers.reduce((sum, { held }) => sum + held, 0);
    // Workers that sleep are rung for when the microtasks have run.
    await Promise.resolve();
    blockUntil(() => done.value - before >= results);
    await Promise.all(calls);
    return { results, turns: new Set(seenIn.slice(0, results)).size };
  };
  // How long a result keeps this program is seen with the first ones.
  await settleCrowd();
  const { results, turns } = await settleCrowd();
  loop.stop();
  pool.terminate();
  await pool.join();
  expect(results).toBeGreaterThan(8);
  expect(turns).toBeGreaterThanOrEqual(Math.floor(results / 8));
});
