// A product of two matrices, by rows over a pool. They lie in shared memory: what is sent to workers is references.
import { defineTasks, isMainProcess, Pool, RawArray, struct, Value } from 'forkyard';

const size = 120;
const Progress = struct({ rows: 'uint32', largest: 'float64' });

const tasks = defineTasks(import.meta, {
  multiplyRow(a, b, product, progress, row) {
    let largest = 0;
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += a[row * size + k] * b[k * size + column];
      product[row * size + column] = sum;
      largest = Math.max(largest, sum);
    }
    // Two fields at once: under the lock that came along.
    progress.runSync(() => {
      progress.rows += 1;
      progress.largest = Math.max(progress.largest, largest);
    });
  },
});

if (isMainProcess) {
  // Each worker writes rows of its own, so arrays need no lock.
  const numbers = () => Float64Array.from({ length: size * size }, (_, n) => (n * 7919) % 101);
  const [a, b] = [new RawArray('float64', numbers()), new RawArray('float64', numbers())];
  const product = new RawArray('float64', size * size);
  const progress = new Value(Progress);

  const pool = new Pool(2);
  const rows = Array.from({ length: size }, (_, row) => [a, b, product, progress, row]);
  await pool.starmap(tasks.multiplyRow, rows);

  let wrong = 0;
  for (let n = 0; n < size * size; n += 97) {
    const [row, column] = [Math.floor(n / size), n % size];
    let sum = 0;
    for (let k = 0; k < size; k++) sum += a[row * size + k] * b[k * size + column];
    if (sum !== product[n]) wrong++;
  }
  console.log(`rows done: ${progress.rows}, wrong: ${wrong}`);
  console.log(`largest: ${progress.largest === Math.max(...product)}`);
  pool.terminate();
  await pool.join();
}
