// A process for one function: from the request to its first line, and to its end. One after the other, with whatever serves
// them (a fork server) at work already and the function loaded, where that is possible.
import { median, type ProcessTimes, percentile, type Scenario } from '../scenario.js';
import { atMost, timesRival } from '../targets.js';

const warmUps = 30;

export const processes: readonly Scenario[] = [
  ofTime('process-running', 'Request to code running in a new process', 'runningMs', [atMost(2)]),
  ofTime('process-joined', 'Start and join of a process', 'joinedMs', [timesRival('python', 1)]),
];

function ofTime(
  name: string,
  title: string,
  time: keyof ProcessTimes,
  targets: Scenario['targets'],
): Scenario {
  return {
    name,
    group: 'process',
    title,
    task: 'clock',
    unit: 'ms',
    better: 'lower',
    needs: 'single processes',
    parameters: { time },
    ...(targets && { targets }),
    async measure(open, { measureMs }) {
      const pool = await open({ workers: 1 });
      const run = async () => checked(await pool.runProcess?.())[time];
      for (let i = 0; i < warmUps; i++) await run();
      const times: number[] = [];
      const end = performance.now() + measureMs;
      do times.push(await run());
      while (performance.now() < end);
      await pool.close();
      return { value: median(times), details: { p90: percentile(times, 0.9) } };
    },
  };
}

// Both are told by the system's clock, one by the child and one by its parent.
function checked(times: ProcessTimes | undefined): ProcessTimes {
  if (times !== undefined && times.runningMs > 0 && times.joinedMs > times.runningMs) return times;
  throw new Error(`a process gave the times ${JSON.stringify(times)}`);
}
