// What the scenarios of the benchmark find out, on pools that are no pools: right results are taken, and whoever lies is
// found out, so that no figure is of work that was not done.
import { once, setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { cpuMicroseconds } from '../bench/cpu-time.js';
import {
  type BenchPool,
  type CallEnds,
  type CommonTaskName,
  median,
  percentile,
  type Scenario,
  type Settings,
} from '../bench/scenario.js';
import { scenarios } from '../bench/scenarios/index.js';
import * as tasks from '../bench/tasks.js';

const settings: Settings = { workers: 2, measureMs: 10, warmUpMs: 1, scale: 0.002 };

/** What a scenario of these does to its pool takes real workers: bench.test.ts runs it. */
const ofRealWorkers = ['abort-terminate', 'abort-lost-worker', 'abort-timeouts'];

describe.each(scenarios.filter(({ name, group }) => !ofRealWorkers.includes(name) && group !== 'service'))(
  'scenario $name',
  (scenario) => {
    test('takes right results', async () => {
      const sample = await scenario.measure(() => fakePool(scenario), settings);
      expect(sample.value).toEqual(expect.any(Number));
      expect(sample.value).not.toBeNaN();
    });

    test('refuses wrong results', async () => {
      const lying = () => fakePool(scenario, spoiled);
      await expect(scenario.measure(lying, settings)).rejects.toThrow(/gave|came back/);
    });
  },
);

describe.each(['map-100k', 'map-objects', 'imap'])('%s', (name) => {
  test('refuses fewer results than items', async () => {
    const scenario = scenarioNamed(name);
    const pool = fakePool(scenario);
    const forgetful = { ...pool, ...withMap(async (items) => await runAll(pool, items.slice(1))) };
    await expect(scenario.measure(() => forgetful, settings)).rejects.toThrow(/gave|results/);
  });
});

test('a worker that writes to the array of its caller is found out', async () => {
  const scenario = scenarioNamed('payload-64k');
  const pool: BenchPool = {
    call: async (array) => tasks.touchEnds(array as Float64Array),
    close: async () => {},
  };
  await expect(scenario.measure(() => pool, settings)).rejects.toThrow("the caller's own array");
});

test('a worker that writes to a copy of shared memory is found out', async () => {
  const scenario = scenarioNamed('shared-64k');
  const pool: BenchPool = {
    ...fakePool(scenario),
    call: async (array) => tasks.touchShared((array as Float64Array).slice()),
  };
  await expect(scenario.measure(() => pool, settings)).rejects.toThrow('never came back');
});

test('a task that should throw and does not is found out', async () => {
  const scenario = scenarioNamed('errors');
  const pool: BenchPool = { call: async () => 'nothing wrong', close: async () => {} };
  await expect(scenario.measure(() => pool, settings)).rejects.toThrow('should have thrown');
});

test('calls that die with their worker are made again, those that never end are counted', async () => {
  const scenario = scenarioNamed('kills');
  const pool = fakePool(scenario);
  // What becomes of the first call after each time somebody asks whom to kill.
  const fates = ['rejected', 'lost', 'rejected'];
  let fate: string | undefined;
  const dying: BenchPool = {
    ...pool,
    pids() {
      fate = fates.shift();
      return [];
    },
    async call(value) {
      const own = fate;
      fate = undefined;
      if (own === 'rejected') throw new Error('its worker was killed');
      if (own === 'lost') return await new Promise(() => {});
      return await pool.call(value);
    },
  };
  const { details } = await scenario.measure(() => dying, settings);
  expect(details).toMatchObject({ kills: 3, rejected: 2, neverEnded: 1 });
});

test('a median is in the middle, a percentile has its share below', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([0.01, 0.5, 0.99, 0.999, 1].map((share) => percentile(hundred, share))).toEqual([
    1, 50, 99, 100, 100,
  ]);
  expect(percentile([7], 0.5)).toBe(7);
});

test('CPU time is of this process and grows with its work', () => {
  const before = cpuMicroseconds();
  tasks.busySquare({ us: 50_000, x: 1 });
  const own = process.cpuUsage();
  expect(cpuMicroseconds()).toBeGreaterThan(before);
  expect(cpuMicroseconds()).toBeGreaterThan(0.5 * (own.user + own.system));
});

function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found;
}

/** Runs the task right here: on a copy, but for shared memory. What it gives may be changed on its way. */
function fakePool(
  { task, needs }: Scenario,
  change: (result: unknown) => unknown = (result) => result,
): BenchPool {
  const run = { ...tasks }[task as CommonTaskName] as (value: unknown) => unknown;
  const pool: BenchPool = {
    async call(value, { signal } = {}) {
      // As with a real pool, a timer gets its turn in between.
      if (task === 'busySquare') await new Promise((resolve) => setImmediate(resolve));
      try {
        if (signal !== undefined) return await aborted(signal);
        return change(await run(needs === 'shared memory' ? value : structuredClone(value)));
      } catch (error) {
        throw change(error);
      }
    },
    share: (length) => new Float64Array(length),
    pids: () => [],
    runProcess: async () => ({ runningMs: change(1) as number, joinedMs: 1.5 }),
    close: async () => {},
  };
  return { ...pool, ...withMap((items, ends) => runAll(pool, items, ends)) };
}

async function aborted(signal: AbortSignal): Promise<never> {
  setMaxListeners(0, signal);
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

function withMap(
  map: (items: readonly unknown[], ends?: CallEnds) => Promise<unknown[]>,
): Pick<BenchPool, 'map' | 'imap'> {
  return {
    map,
    async *imap(items) {
      yield* await map(items);
    },
  };
}

async function runAll({ call }: BenchPool, items: readonly unknown[], ends?: CallEnds): Promise<unknown[]> {
  return await Promise.all(items.map((item) => call(item, ends)));
}

function spoiled(result: unknown): unknown {
  if (typeof result === 'number') return result + 1;
  if (typeof result === 'string') return `${result}!`;
  if (result instanceof Float64Array) return result.with(result.length - 1, -1);
  if (result instanceof Error) return new Error('another');
  return { ...(result as object), id: -1 };
}
