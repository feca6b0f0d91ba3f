// A histogram that several processes fill at once: a Value for each bin, raised by atomics, without a lock.
import { defineTasks, isMainProcess, Pool, Value } from 'forkyard';

const bins = 10;

const tasks = defineTasks(import.meta, {
  /** Throws darts: the mean of four random numbers falls into a bin. */
  fill(histogram, times) {
    for (let n = 0; n < times; n++) {
      const mean = (Math.random() + Math.random() + Math.random() + Math.random()) / 4;
      histogram[Math.floor(mean * bins)].add(1);
    }
  },
});

if (isMainProcess) {
  const histogram = Array.from({ length: bins }, () => new Value('int32'));
  const pool = new Pool(4);
  await Promise.all(Array.from({ length: 4 }, () => pool.apply(tasks.fill, [histogram, 25_000])));

  const counts = histogram.map((bin) => bin.value);
  console.log(`counted: ${counts.reduce((sum, count) => sum + count, 0)}`);
  console.log(`most in the middle: ${counts[4] + counts[5] > counts[0] + counts[9]}`);

  // Ranges are checked, also by atomics: nothing wraps.
  const small = new Value('uint8', 255);
  try {
    small.add(1);
  } catch (error) {
    console.log(`${error.name}, still ${small.value}`);
  }
  pool.terminate();
  await pool.join();
}
