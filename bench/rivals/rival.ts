// What a rival is: somebody who can run the task of a scenario in other threads or processes.
// Each is one file here, as its own documentation says it should be used, with its defaults but for the workers' number.
import type { BenchPool, Sample, Scenario, Settings } from '../scenario.js';
import type { TaskName } from '../tasks.js';
import { findPackage } from './find-package.js';

export interface PoolRequest {
  readonly task: TaskName;
  readonly workers: number;
  /** Whether values are typed arrays. */
  readonly binary: boolean;
}

export interface Rival {
  readonly name: string;
  readonly runsIn: 'processes' | 'threads';
  /** Of what was measured; undefined where it is a part of Node. */
  version(): Promise<string | undefined>;
  /** One trial, in this process. */
  measure(scenario: Scenario, settings: Settings): Promise<Sample>;
}

type OpenRequested = (request: PoolRequest) => BenchPool | Promise<BenchPool>;

/** A rival in Node: `load` imports its library (not measured), what it gives opens a pool. */
export function nodeRival(rival: {
  readonly name: string;
  readonly runsIn: Rival['runsIn'];
  readonly packageName?: string;
  load(): Promise<OpenRequested>;
}): Rival {
  const { name, runsIn, packageName } = rival;
  return {
    name,
    runsIn,
    version: async () => packageName && findPackage(packageName).json.version,
    async measure(scenario, settings) {
      const open = await rival.load();
      const { task, binary } = scenario;
      const { workers } = settings;
      return await scenario.measure(() => open({ task, workers, binary }), settings);
    },
  };
}
