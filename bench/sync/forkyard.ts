// Forkyard's half of run.ts: prints its figures as JSON. python.py measures the same in the same way.
import { setTimeout as sleep } from 'node:timers/promises';
import { Lock, Pool, SharedArray, Value } from 'forkyard';
import { measureElements } from './elements.js';
import { tasks, words } from './tasks.js';

const [, , seconds = '1'] = process.argv;
const lock = new Lock();
const counter = new SharedArray('int32', 1);
const value = new Value('int32');
const number = new Value('int32');

const uncontended = {
  acquireNs: eachNs(() => {
    lock.acquireSync();
    lock.release();
  }),
  scopedNs: eachNs(() => lock.runSync(nothing)),
  incrementNs: eachNs(() =>
    lock.runSync(() => {
      (counter[0] as number)++;
    }),
  ),
  addNs: eachNs(() => {
    number.add(1);
  }),
  valueIncrementNs: eachNs(() =>
    value.getLock().runSync(() => {
      value.value++;
    }),
  ),
};
const pair = await hammer(2);
const eight = await hammer(8);
console.log(
  JSON.stringify({
    ...uncontended,
    ...measureElements(),
    acquiredPerSecond: pair.acquired,
    handOversPerSecond: pair.handOvers,
    longestWaitMs: eight.longestWaitMs,
  }),
);

function nothing(): void {}

function eachNs(run: () => void): number {
  const times = 300_000;
  const rounds = Array.from({ length: 9 }, () => {
    const start = performance.now();
    for (let n = 0; n < times; n++) run();
    return ((performance.now() - start) / times) * 1e6;
  });
  return rounds.sort((a, b) => a - b)[4] as number;
}

async function hammer(members: number) {
  await using pool = new Pool(members);
  const numbers = new SharedArray('int32', Object.keys(words).length);
  const shared = new Lock();
  const working = Array.from({ length: members }, () => pool.apply(tasks.hammer, [shared, numbers, members]));
  while ((numbers[words.begun] as number) < members) await sleep(1);
  const start = performance.now();
  await sleep(Number(seconds) * 1000);
  Atomics.store(numbers, words.stop, 1);
  const elapsed = (performance.now() - start) / 1000;
  const done = await Promise.all(working);
  return {
    acquired: done.reduce((sum, { acquired }) => sum + acquired, 0) / elapsed,
    handOvers: (numbers[words.handOvers] as number) / elapsed,
    longestWaitMs: Math.max(...done.map(({ longestWaitMs }) => longestWaitMs)),
  };
}
