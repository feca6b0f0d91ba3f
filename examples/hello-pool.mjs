// A pool of two processes squares numbers. One file can be both program and task module:
// the workers import it too, and `isMainProcess` is false there.
import { defineTasks, isMainProcess, Pool } from 'forkyard';

export const tasks = defineTasks(import.meta, {
  square: (x) => x * x,
  whoAmI: () => process.pid,
});

if (isMainProcess) {
  const pool = new Pool(2);
  try {
    console.log(await pool.map(tasks.square, [1, 2, 3, 4]));
    console.log('one call:', await pool.apply(tasks.square, [12]));
    console.log('in another process:', (await pool.apply(tasks.whoAmI)) !== process.pid);
  } finally {
    pool.terminate();
    await pool.join();
  }
}
