// The load on the service, in a process of its own: `requests.mjs URL CONNECTIONS`, then a line `MILLISECONDS` on its input
// for each run, and a line of JSON on its output when it is over.
import { createInterface } from 'node:readline';
import autocannon from 'autocannon';

const [url, connections] = process.argv.slice(2);
for await (const line of createInterface({ input: process.stdin })) {
  const { requests, latency, errors, non2xx, duration } = await autocannon({
    url,
    connections: Number(connections),
    duration: Number(line) / 1000,
  });
  const { p50, p99, p99_9 } = latency;
  const perSecond = requests.total / duration;
  console.log(
    JSON.stringify({ requests: requests.total, perSecond, p50, p99, p99_9, failed: errors + non2xx }),
  );
}
