// Three stages in processes of their own, with a queue between each two: one reads, two parse, one counts. The queues hold few
// values, so nobody runs far ahead of the slowest. Closing a queue tells those behind it that no more will come.
import { defineTasks, isMainProcess, Process, Queue } from 'forkyard';

const batches = 40;
const linesInBatch = 500;

export const tasks = defineTasks(import.meta, {
  async read(texts) {
    for (let batch = 0; batch < batches; batch++) {
      const lines = Array.from({ length: linesInBatch }, (_, n) => `GET /${n} ${n % 50 === 0 ? 404 : 200}`);
      await texts.put(lines.join('\n'));
    }
    texts.close();
  },
  async parse(texts, requests) {
    for await (const text of texts) {
      await requests.put(
        text.split('\n').map((line) => {
          const [method, path, status] = line.split(' ');
          return { method, path, status: Number(status) };
        }),
      );
    }
  },
  async count(requests) {
    let [received, total, missing] = [0, 0, 0];
    for await (const batch of requests) {
      total += batch.length;
      missing += batch.filter(({ status }) => status === 404).length;
      received++;
      if (received % 10 === 0) console.log(`${(100 * received) / batches} %: ${total} requests`);
    }
    return { total, missing };
  },
});

function start(target, ...args) {
  const process = new Process({ target, args });
  process.start();
  return process;
}

if (isMainProcess) {
  const [texts, requests] = [new Queue(4), new Queue(4)];
  start(tasks.read, texts);
  const parsers = [1, 2].map(() => start(tasks.parse, texts, requests));
  const counter = start(tasks.count, requests);

  // Two put into the second queue, so neither can know when to close it.
  await Promise.all(parsers.map((parser) => parser.join()));
  requests.close();
  const { total, missing } = await counter.result;
  console.log(`${total} requests, ${missing} of them for what is not there`);
}
