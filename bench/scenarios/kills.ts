// One worker is killed each second: how much of the throughput is left. Rejected calls are made again.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
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
    await callWhile(pool, sleep(periodMs));
    const before = await callWhile(pool, sleep(periodMs));
    const disturbed = await callWhile(pool, killEach(pool, periodMs));
    // Before and after, as code that has run for longer runs faster.
    const after = await callWhile(pool, sleep(periodMs));
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

async function callWhile(pool: BenchPool, until: Promise<void>): Promise<Outcome> {
  const start = performance.now();
  let [next, done, rejected, ended] = [0, 0, 0, 0];
  let over = false;
  const lane = async (): Promise<void> => {
    for (let i = next++; !over; ) {
      const result = await Promise.resolve(pool.call(make(i))).catch(() => undefined);
      if (result === undefined) {
        rejected++;
        // A pool that rejects at once must not keep timers from their turn.
        await nextTurn();
        continue;
      }
      check(i, result);
      done++;
      i = next++;
    }
    ended++;
  };
  const all = Promise.all(Array.from({ length: inFlight }, lane));
  // If a result is wrong, `all` rejects.
  await Promise.race([until, all]);
  over = true;
  const perSecond = (done / (performance.now() - start)) * 1000;
  // A call whose worker died may never end: that is a result too.
  await Promise.race([all, sleep(2000)]);
  return { perSecond, rejected, neverEnded: inFlight - ended };
}

/** Resolves half a period after the last kill. */
async function killEach(pool: BenchPool, periodMs: number): Promise<void> {
  if (pool.pids === undefined)
    throw new Error('a rival whose workers cannot be killed takes no part in this');
  await sleep(periodMs / 2);
  for (let i = 0; i < kills; i++) {
    const pids = pool.pids();
    const pid = pids[i % pids.length];
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await sleep(i < kills - 1 ? periodMs : periodMs / 2);
  }
}
