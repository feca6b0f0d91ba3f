// What a rival is: somebody who can run the task of a scenario in other threads or processes.
// Each is one file here, as its own documentation says it should be used, with its defaults but for the workers' number.
import type { Ability, BenchPool, Sample, Scenario, Settings, TaskName } from '../scenario.js';
import { findPackage } from './find-package.js';

export interface PoolRequest {
  readonly task: TaskName;
  readonly workers: number;
  /** Whether values are typed arrays: rivals that must choose an encoding need to know. */
  readonly binary: boolean;
  /** Whether a queue of the pool's own is wanted, if that is a choice. */
  readonly queued: boolean;
}

/** What it cannot do, each with the reason. */
export type Lacks = Readonly<Partial<Record<Ability, string>>>;

export interface Rival {
  readonly name: string;
  readonly runsIn: 'processes' | 'threads';
  /** False for what one writes by hand: nobody supervises it, nothing waits in a queue. */
  readonly isPool: boolean;
  readonly lacks: Lacks;
  /** The only scenarios that it is for. */
  readonly scenarios?: readonly string[];
  /** Of what was measured; undefined where it is a part of Node. */
  version(): Promise<string | undefined>;
  /** One trial, in this process. */
  measure(scenario: Scenario, settings: Settings): Promise<Sample>;
}

type OpenRequested = (request: PoolRequest) => BenchPool | Promise<BenchPool>;

/** Why a rival has no part in a scenario; undefined if it has. */
export function whyLeftOut(rival: Rival, scenario: Scenario): string | undefined {
  if (scenario.rivals?.includes(rival.name) === false) return `is for ${scenario.rivals.join(', ')} only`;
  if (rival.scenarios?.includes(scenario.name) === false) return `does ${rival.scenarios.join(', ')} only`;
  return scenario.needs && rival.lacks[scenario.needs];
}

/** A rival in Node: `load` imports its library (not measured), what it gives opens a pool. */
export function nodeRival(rival: {
  readonly name: string;
  readonly runsIn: Rival['runsIn'];
  readonly isPool?: boolean;
  readonly lacks?: Lacks;
  readonly scenarios?: readonly string[];
  readonly packageName?: string;
  load(): Promise<OpenRequested>;
}): Rival {
  const { packageName, load, ...known } = rival;
  return {
    isPool: true,
    lacks: {},
    ...known,
    version: async () => packageName && findPackage(packageName).json.version,
    async measure(scenario, settings) {
      const open = await load();
      const { task, needs, queued = false } = scenario;
      const binary = needs === 'typed arrays';
      return await scenario.measure(
        (workers = settings.workers) => open({ task, workers, binary, queued }),
        settings,
      );
    },
  };
}
