// What `forkyard map` was asked to do, resolved once: from command.ts for everything below.
import { cpuCount } from '../../system/cpu-count.js';
import type { CpuSpec } from '../../system/resolve-cpus.js';
import type { TaskReference } from '../../task/reference.js';
import { UsageError } from '../exit-status.js';
import { findFunction } from './find-function.js';
import type { LineFormat } from './format.js';

/** As Commander gives them. */
export interface GivenOptions {
  readonly workers?: number;
  readonly cpus?: CpuSpec;
  readonly priority?: number;
  readonly lines?: true;
  readonly json?: true;
  readonly unordered?: true;
  readonly keepGoing?: true;
  readonly retries?: number;
  readonly timeout?: number;
  readonly concurrency?: number;
  readonly chunkSize?: number;
  readonly init?: string;
  readonly progress?: true;
}

export interface MapSettings {
  readonly target: TaskReference;
  readonly init: TaskReference | undefined;
  /** Names of files; `-` is standard input. */
  readonly files: readonly string[];
  readonly format: LineFormat;
  readonly workers: number;
  readonly cpus: CpuSpec | undefined;
  readonly priority: number | undefined;
  readonly ordered: boolean;
  readonly keepGoing: boolean;
  readonly retries: number;
  readonly timeoutMs: number | undefined;
  readonly concurrency: number;
  /** Undefined: chosen by what lines cost. */
  readonly chunkSize: number | undefined;
  readonly progress: boolean;
}

/** Throws UsageError. */
export function resolveSettings(target: string, files: readonly string[], given: GivenOptions): MapSettings {
  if (files.filter((file) => file === '-').length > 1) {
    throw new UsageError('map', "standard input ('-') can be read once only");
  }
  const { concurrency = 1, chunkSize } = given;
  if (chunkSize !== undefined && chunkSize < concurrency) {
    throw new UsageError(
      'map',
      `--concurrency ${concurrency} needs a --chunk-size of at least ${concurrency}: calls overlap within a chunk`,
    );
  }
  return {
    target: findFunction(target),
    init: given.init === undefined ? undefined : findFunction(given.init),
    files: files.length === 0 ? ['-'] : files,
    format: given.json ? 'json' : given.lines ? 'lines' : 'auto',
    workers: given.workers ?? cpuCount(),
    cpus: given.cpus,
    priority: given.priority,
    ordered: given.unordered !== true,
    keepGoing: given.keepGoing === true,
    retries: given.retries ?? 0,
    timeoutMs: given.timeout,
    concurrency,
    chunkSize,
    progress: given.progress === true,
  };
}
