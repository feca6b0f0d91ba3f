// Time limits, retries and cancelling: a task that does not end takes only its worker with it.
import { defineTasks, isMainProcess, Pool } from 'forkyard';

let calls = 0;

const tasks = defineTasks(import.meta, {
  /** The length of the Collatz sequence; for 0 it never ends. */
  collatz: (n) => {
    let steps = 0;
    for (let x = n; x !== 1; steps++) x = x % 2 === 0 ? x / 2 : 3 * x + 1;
    return steps;
  },
  /** Fails on every first call in a worker. */
  shaky: (x) => {
    calls++;
    if (calls === 1) throw new Error('not yet');
    return x;
  },
});

if (isMainProcess) {
  const pool = new Pool({ processes: 2, taskTimeout: 500 });

  console.log(await pool.map(tasks.collatz, [27, 97, 871]));
  try {
    await pool.map(tasks.collatz, [27, 97, 0, 871]);
  } catch (error) {
    console.log(`item ${error.item}: ${error.name}, ${error.code}`);
  }

  console.log('retried:', await pool.apply(tasks.shaky, ['fine'], { retries: 2 }));

  const controller = new AbortController();
  const endless = pool.apply(tasks.collatz, [0], { signal: controller.signal, timeout: Infinity });
  controller.abort(new Error('no longer wanted'));
  await endless.catch((error) => console.log(`cancelled: ${error.message}`));

  pool.terminate();
  await pool.join();
}
