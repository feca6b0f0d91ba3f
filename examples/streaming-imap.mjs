// A large input that exists nowhere as a whole: the generator is read only as far as the workers need it,
// so memory stays level however long it is. Results come in the order of the input.
import { defineTasks, isMainProcess, Pool } from 'forkyard';

const records = 200_000;

export const tasks = defineTasks(import.meta, {
  total: ({ prices }) => prices.reduce((sum, price) => sum + price, 0),
});

async function main() {
  let read = 0;
  function* orders() {
    for (let id = 0; id < records; id++) {
      read++;
      yield { id, prices: [id % 10, 1, 2] };
    }
  }

  const pool = new Pool(2);
  try {
    let [taken, sum, furthestAhead] = [0, 0, 0];
    // Chunks make small items cheap: 500 travel together, and at most 4 chunks are under way.
    for await (const total of pool.imap(tasks.total, orders(), { chunkSize: 500, bufferSize: 4 })) {
      taken++;
      sum += total;
      furthestAhead = Math.max(furthestAhead, read - taken);
    }
    console.log(`${taken} records, sum ${sum}`);
    console.log('read ahead of the results by at most 2500 records:', furthestAhead <= 2500);
  } finally {
    pool.terminate();
    await pool.join();
  }
}

if (isMainProcess) await main();
