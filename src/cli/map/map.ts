// `forkyard map`, from settings to exit status: makes the parts, puts them together, and says how it ended.
// The heart of it is map-job.ts.
import { BrokenPoolError, TaskResolutionError } from '../../errors.js';
import { Pool } from '../../pool/pool.js';
import { exitStatus, UsageError } from '../exit-status.js';
import { BatchRunner } from './batch-runner.js';
import { heedInterrupts } from './interrupts.js';
import { MapJob } from './map-job.js';
import { Output } from './output.js';
import { showProgress } from './progress.js';
import { readInputs } from './reader.js';
import { Report } from './report.js';
import type { MapSettings } from './settings.js';
import { type Source, sourceOf } from './sources.js';
import { mapTasks } from './worker.js';

// Where lines are expected to take their workers along, many may do so before one is done.
const patientRestartBudget = 1000;

/** Resolves with the exit status. Throws UsageError. */
export async function runMap(settings: MapSettings): Promise<number> {
  const sources = settings.files.map(sourceOf);
  const report = new Report();
  const job = new MapJob(settings, { run: (batch) => runner.run(batch), output: new Output(), report });
  // Before there are workers: whoever sees those may send signals.
  const release = heedInterrupts(job, report);
  const pool = startPool(settings);
  const runner = new BatchRunner(pool, settings);
  const progress = settings.progress ? await showProgress(report, await totalSize(sources)) : undefined;
  try {
    pool.apply(mapTasks.greet).then(
      () => readInputs(job, sources),
      (error: unknown) => job.fail(error),
    );
    return await job.ended;
  } catch (error) {
    return statusOf(error, report);
  } finally {
    progress?.stop();
    if (settings.keepGoing) report.summarise();
    await endPool(pool, job);
    release();
  }
}

function startPool(settings: MapSettings): Pool {
  const { workers, cpus, priority, keepGoing, retries, target, init, format, timeoutMs } = settings;
  try {
    return new Pool({
      processes: workers,
      cpus,
      priority,
      initializer: mapTasks.prepare,
      initargs: [{ target, init, format, keepGoing, retries, timeoutMs }],
      // Standard output is for results; what a function or its children print would land in the middle of them.
      stdout: 'stderr',
      name: 'forkyard-map',
      restartBudget: keepGoing || retries > 0 ? patientRestartBudget : undefined,
    });
  } catch (error) {
    // CPUs that this process may not use, and the like.
    if (error instanceof RangeError) throw new UsageError('map', error.message.replace(/^new Pool: /, ''));
    throw error;
  }
}

async function endPool(pool: Pool, job: MapJob): Promise<void> {
  // A worker whose --init never ends would not heed a close.
  if (job.isDone && !job.isInterrupted) pool.close();
  else pool.terminate();
  await pool.join();
}

async function totalSize(sources: readonly Source[]): Promise<number | undefined> {
  const sizes = await Promise.all(sources.map((source) => source.size().catch(() => 0)));
  return sizes.reduce<number | undefined>(
    (total, size) => (total === undefined || size === undefined ? undefined : total + size),
    0,
  );
}

function statusOf(error: unknown, report: Report): number {
  if (!(error instanceof Error)) throw error;
  if (Reflect.get(error, 'syscall') === 'write') {
    if (Reflect.get(error, 'code') === 'EPIPE') return exitStatus.brokenPipe;
    void report.say(`cannot write the results: ${error.message}`);
    return exitStatus.failed;
  }
  const cause = error instanceof BrokenPoolError ? error.cause : undefined;
  if (cause instanceof TaskResolutionError) throw new UsageError('map', cause.message);
  void report.say(error.message);
  return exitStatus.failed;
}
