// A counter that several processes raise, one at a time; and what becomes of its lock when its owner is killed.
import { defineTasks, isMainProcess, Lock, Pool, Process, SharedArray } from 'forkyard';

export const tasks = defineTasks(import.meta, {
  count(lock, counter, times) {
    for (let n = 0; n < times; n++) {
      lock.runSync(() => {
        counter[0] += 1;
      });
    }
  },
  holdAndDie(lock) {
    lock.acquireSync();
    process.kill(process.pid, 'SIGKILL');
  },
});

if (isMainProcess) {
  const lock = new Lock();
  const counter = new SharedArray('int32', 1);

  const pool = new Pool(4);
  await Promise.all(Array.from({ length: 4 }, () => pool.apply(tasks.count, [lock, counter, 10_000])));
  console.log(`counted to ${counter[0]}`);
  pool.close();
  await pool.join();

  const owner = new Process({ target: tasks.holdAndDie, args: [lock] });
  owner.start();
  await owner.join();
  console.log(`its owner was killed: exit code ${owner.exitCode}`);

  const guard = await lock.acquire();
  console.log(`whoever is next has it, and is told: ${guard.ownerDied}`);
  guard.release();
}
