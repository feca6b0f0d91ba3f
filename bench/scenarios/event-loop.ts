// How long the caller's own event loop is held up while it keeps a pool busy: as a timer sees it, and as an HTTP client does.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BenchPool, percentile, type Scenario, type Settings } from '../scenario.js';
import { atMost, timesRival } from '../targets.js';
import { busy } from '../values.js';
import { after, callInLanes } from './lanes.js';

const runFile = promisify(execFile);

const inFlight = 1000;
const values = busy(50);
const timerMs = 1;

export const eventLoop: Scenario = {
  name: 'event-loop',
  group: 'event-loop',
  title: "Delay of a timer in the caller's event loop, 1000 calls of 50 µs in flight, 99 % within",
  task: 'busySquare',
  unit: 'ms',
  better: 'lower',
  needs: 'event loop',
  targets: [atMost(0.5), timesRival('tinypool', 1)],
  async measure(open, settings) {
    const client = await startClient();
    try {
      const pool = await open();
      const sample = await measureDelays(pool, client, settings);
      await pool.close();
      return sample;
    } finally {
      client.close();
    }
  },
};

async function measureDelays(pool: BenchPool, client: Client, { warmUpMs, measureMs }: Settings) {
  await callInLanes(pool, { values, inFlight, isLast: after(warmUpMs) });
  client.forget();
  const timer = startTimer();
  const start = performance.now();
  const calls = await callInLanes(pool, { values, inFlight, isLast: after(measureMs) });
  const seconds = (performance.now() - start) / 1000;
  const delays = timer.stop();
  const requests = await client.stop();
  return {
    value: percentile(delays, 0.99),
    details: {
      p50: percentile(delays, 0.5),
      'p99.9': percentile(delays, 0.999),
      max: Math.max(...delays),
      'HTTP p50': percentile(requests, 0.5),
      'HTTP p99': percentile(requests, 0.99),
      'HTTP p99.9': percentile(requests, 0.999),
      tasksPerSecond: calls / seconds,
    },
  };
}

/** How much later than asked for a timer is, again and again. */
function startTimer(): { stop(): number[] } {
  const delays: number[] = [];
  let armedAt = performance.now();
  const onTimer = (): void => {
    const now = performance.now();
    delays.push(Math.max(0, now - armedAt - timerMs));
    armedAt = now;
    timer = setTimeout(onTimer, timerMs);
  };
  let timer = setTimeout(onTimer, timerMs);
  return {
    stop() {
      clearTimeout(timer);
      // One that has not been called yet may be late as well.
      delays.push(Math.max(0, performance.now() - armedAt - timerMs));
      return delays;
    },
  };
}

interface Client {
  /** The requests so far were of the warm-up. */
  forget(): void;
  /** Milliseconds of each request since then. */
  stop(): Promise<number[]>;
  close(): void;
}

/** A server in this event loop, and a client in another process that measures it. */
async function startClient(): Promise<Client> {
  let answered = 0;
  let forgotten = 0;
  const server = createServer((_, response) => {
    answered++;
    response.end('ready');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const script = fileURLToPath(new URL('./requests.mjs', import.meta.url));
  const ended = runFile(process.execPath, [script, String(port)], { maxBuffer: 2 ** 26 });
  await once(server, 'request');
  return {
    forget() {
      forgotten = answered;
    },
    async stop() {
      ended.child.stdin?.end();
      const { stdout } = await ended;
      return (JSON.parse(stdout) as number[]).slice(forgotten);
    },
    close() {
      ended.child.kill();
      ended.catch(() => {});
      server.closeAllConnections();
      server.close();
    },
  };
}
