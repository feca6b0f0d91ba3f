// One worker is killed each second: how much of the throughput is left. Rejected calls are made again.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchPool, Scenario } from '../scenario.js';
import { atLeast } from '../targets.js';
import { busy } from '../values.js';

const inFlight = 64;
const kills = 3;
const { make, check } = busy(20);

export const killing: Scenario = {
  name: 'kills',
  group: 'kills',
  title: 'Throughput with one worker killed each second',
  task: 'busySquare',
  unit: '% of undisturbed',
  better: 'higher',
  needs: 'surviving kills',
  queued: true,
  targets: [atLeast(90)],
  async measure(open, { scale }) {
    // A tenth of the scale is for tests: a second is what the figure is about.
    const periodMs = scale < 0.1 ? 250 : 1000;
    const pool = await open();
    await callFor(pool, periodMs);
    const before = await callFor(pool, periodMs);
    const killer = killEach(pool, periodMs);
    const disturbed = await callFor(pool, kills * periodMs);
    await killer;
    // Before and after, as code that has run for longer runs faster.
    const after = await callFor(pool, periodMs);
    const undisturbed = (before.perSecond + after.perSecond) / 2;
    await Promise.race([pool.close(), sleep(5000)]);
    return {
      value: (100 * disturbed.perSecond) / undisturbed,
      details: {
        undisturbed,
        rejected: disturbed.rejected,
        neverEnded: disturbed.neverEnded,
        kills,
      },
    };
  },
};

interface Outcome {
  readonly perSecond: number;
  /** Calls that failed with their worker, and were made again. */
  readonly rejected: number;
  /** Calls that were still pending long after the last one had begun. */
  readonly neverEnded: number;
}

async function callFor(pool: BenchPool, ms: number): Promise<Outcome> {
  const start = performance.now();
  const end = start + ms;
  let [next, done, rejected, ended] = [0, 0, 0, 0];
  const lane = async (): Promise<void> => {
    for (let i = next++; performance.now() < end; ) {
      const result = await Promise.resolve(pool.call(make(i))).catch(() => undefined);
      if (result === undefined) {
        rejected++;
        continue;
      }
      check(i, result);
      if (performance.now() < end) done++;
      i = next++;
    }
    ended++;
  };
  const all = Promise.all(Array.from({ length: inFlight }, lane));
  // A call whose worker died may never end: that is a result too.
  await Promise.race([all, sleep(ms + 2000)]);
  return { perSecond: (done / ms) * 1000, rejected, neverEnded: inFlight - ended };
}

async function killEach(pool: BenchPool, periodMs: number): Promise<void> {
  if (pool.pids === undefined)
    throw new Error('a rival whose workers cannot be killed takes no part in this');
  await sleep(periodMs / 2);
  for (let i = 0; i < kills; i++) {
    const pids = pool.pids();
    const pid = pids[i % pids.length];
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    if (i < kills - 1) await sleep(periodMs);
  }
}
