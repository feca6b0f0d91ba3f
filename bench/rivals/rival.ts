// What a rival is: somebody who can run the task of a scenario in other threads or processes.
// Each is one file here, as its own documentation says it should be used, with its defaults but for the workers' number.
import type { Ability, BenchPool, Sample, Scenario, Settings, TaskName } from '../scenario.js';
import { findPackage } from './find-package.js';

export interface PoolRequest {
  readonly task: TaskName;
  /** The module that has it, for rivals that load it by its name. */
  readonly taskModule: URL;
  readonly workers: number;
  readonly concurrency: number;
  /** Whether values are typed arrays: rivals that must choose an encoding need to know. */
  readonly binary: boolean;
  /** Whether a queue of the pool's own is wanted, if that is a choice. */
  readonly queued: boolean;
}

/** What it cannot do, each with the reason. */
export type Lacks = Readonly<Partial<Record<Ability, string>>>;

export interface Rival {
  readonly name: string;
  readonly runsIn: 'processes' | 'threads' | 'the caller';
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

/** Whether they are meant for each other at all. */
export function isFor(rival: Rival, scenario: Scenario): boolean {
  return (
    (scenario.rivals?.includes(rival.name) ?? true) && (rival.scenarios?.includes(scenario.name) ?? true)
  );
}

/** Why a rival cannot take part in a scenario that is for it; undefined if it can. */
export function whyLeftOut(rival: Rival, scenario: Scenario): string | undefined {
  return scenario.needs && rival.lacks[scenario.needs];
}

export function takesPart(rival: Rival, scenario: Scenario): boolean {
  return isFor(rival, scenario) && whyLeftOut(rival, scenario) === undefined;
}

/** A rival in Node: `load` imports its library (not measured), what it gives opens a pool. */
export function nodeRival(rival: {
  readonly name: string;
  readonly runsIn: Rival['runsIn'];
  readonly isPool?: boolean;
  readonly lacks?: Lacks;
  readonly scenarios?: readonly string[];
  readonly packageName?: string;
  load(scenario: Scenario): Promise<OpenRequested>;
}): Rival {
  const { packageName, load, ...known } = rival;
  return {
    isPool: true,
    lacks: {},
    ...known,
    version: async () => packageName && findPackage(packageName).json.version,
    async measure(scenario, settings) {
      const open = await load(scenario);
      const { task, needs, queued = false } = scenario;
      const folder = scenario.taskModule === undefined ? '..' : `../${scenario.taskModule}`;
      const taskModule = new URL(`${folder}/tasks.js`, import.meta.url);
      const binary = needs === 'typed arrays';
      return await scenario.measure(
        ({ workers = settings.workers, concurrency = 1 } = {}) =>
          open({ task, taskModule, workers, concurrency, binary, queued }),
        settings,
      );
    },
  };
}
