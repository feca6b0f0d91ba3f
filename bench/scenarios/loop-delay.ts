// How long the caller's own event loop is held up while it keeps a pool busy.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Scenario } from '../scenario.js';
import { busy } from '../values.js';
import { after, callInLanes } from './lanes.js';

const inFlight = 1000;
const values = busy(50);
const resolutionMs = 1;

export const loopDelay: Scenario = {
  name: 'loop-delay',
  group: 'loop-delay',
  title: "Delay of the caller's event loop, 1000 calls of 50 µs in flight, 99 % within",
  task: 'busySquare',
  unit: 'ms',
  better: 'lower',
  needs: 'event loop',
  fullOnly: true,
  async measure(open, { warmUpMs, measureMs }) {
    const pool = await open();
    await callInLanes(pool, { values, inFlight, isLast: after(warmUpMs) });
    const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    histogram.enable();
    const start = performance.now();
    const calls = await callInLanes(pool, { values, inFlight, isLast: after(measureMs) });
    const seconds = (performance.now() - start) / 1000;
    histogram.disable();
    await pool.close();
    return {
      value: delayMs(histogram.percentile(99)),
      details: {
        p50: delayMs(histogram.percentile(50)),
        max: delayMs(histogram.max),
        tasksPerSecond: calls / seconds,
      },
    };
  },
};

/** The histogram has nanoseconds from tick to tick, the time between them included. */
function delayMs(ns: number): number {
  return Math.max(0, ns / 1e6 - resolutionMs);
}
