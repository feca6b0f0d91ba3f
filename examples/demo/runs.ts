// The same work twice: in this process, one file after the other, and with a pool.
import { Pool, type WorkerStatistics } from 'forkyard';
import { type Progress, showProgress } from './progress.js';
import type { Selection } from './select.js';
import { type FileFacts, tasks } from './tasks.js';

export interface Run {
  /** By path. */
  readonly facts: ReadonlyMap<string, FileFacts>;
  readonly seconds: number;
}

export interface ParallelRun extends Run {
  /** Seconds until the first result: the start of the workers, and the largest file. */
  readonly firstAfter: number;
  readonly workers: readonly WorkerStatistics[];
}

export function runSerially({ files, bytes }: Selection): Run {
  const progress = showProgress('serial', files.length, bytes);
  const facts = new Map<string, FileFacts>();
  const start = performance.now();
  for (const { path } of files) note(tasks.inspectFile(path), facts, progress);
  const seconds = (performance.now() - start) / 1000;
  progress.stop();
  return { facts, seconds };
}

/** The time begins before there are any workers. */
export async function runInParallel({ files, bytes }: Selection, processes: number): Promise<ParallelRun> {
  const progress = showProgress('parallel', files.length, bytes);
  const facts = new Map<string, FileFacts>();
  const start = performance.now();
  const pool = new Pool(processes);
  try {
    const paths = files.map(({ path }) => path);
    // Largest first and one by one: whoever is free takes the next. Enough under way that nobody waits for this process.
    const results = pool.imapUnordered(tasks.inspectFile, paths, { bufferSize: 32 * processes });
    let firstAfter = 0;
    for await (const result of results) {
      if (facts.size === 0) firstAfter = (performance.now() - start) / 1000;
      note(result, facts, progress);
    }
    const seconds = (performance.now() - start) / 1000;
    const { workers } = pool.stats();
    pool.close();
    return { facts, seconds, firstAfter, workers };
  } finally {
    progress.stop();
    pool.terminate();
    await pool.join();
  }
}

function note(result: FileFacts, facts: Map<string, FileFacts>, progress: Progress): void {
  facts.set(result.path, result);
  progress.add(result.bytes);
}
