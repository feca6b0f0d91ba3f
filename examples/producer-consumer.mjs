// A producer and two consumers, with two conditions of one lock: who finds nothing to take waits until something was put
// there, who finds no room waits until something was taken.
import { Condition, defineTasks, isMainProcess, Lock, Pool, SharedArray } from 'forkyard';

// On a shelf: how many things are there, whether the shop is closed, and the things.
const [count, closed, things] = [0, 1, 2];
const room = 8;

export const tasks = defineTasks(import.meta, {
  async consume({ filled, emptied }, shelf) {
    let sum = 0;
    for (;;) {
      const thing = await filled.run(async () => {
        await filled.waitFor(() => shelf[count] > 0 || shelf[closed] === 1);
        if (shelf[count] === 0) return undefined;
        emptied.notify();
        shelf[count] -= 1;
        return shelf[things + shelf[count]];
      });
      if (thing === undefined) return sum;
      sum += thing;
    }
  },
});

if (isMainProcess) {
  const lock = new Lock();
  const conditions = { filled: new Condition(lock), emptied: new Condition(lock) };
  const { filled, emptied } = conditions;
  const shelf = new SharedArray('int32', things + room);
  const pool = new Pool(2);
  const consumers = [1, 2].map(() => pool.apply(tasks.consume, [conditions, shelf]));

  for (let thing = 1; thing <= 100; thing++) {
    await lock.run(async () => {
      await emptied.waitFor(() => shelf[count] < room);
      shelf[things + shelf[count]] = thing;
      shelf[count] += 1;
      filled.notify();
    });
  }
  await lock.run(() => {
    shelf[closed] = 1;
    filled.notifyAll();
  });
  const [one, other] = await Promise.all(consumers);
  console.log(`the sum of what both took: ${one + other}`);
  pool.close();
  await pool.join();
}
