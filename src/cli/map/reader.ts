// Reads the inputs one after the other, as far as the job can take them. Opening them is sources.ts.
import type { MapJob } from './map-job.js';
import type { Source } from './sources.js';

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** Resolves when all is read or no more is wanted. Never rejects: an input that cannot be read is told to the job. */
export async function readInputs(job: MapJob, sources: readonly Source[]): Promise<void> {
  for (const source of sources) {
    if (!job.isReading) return;
    try {
      await readSource(job, source);
      await job.endSource();
    } catch (error) {
      // What came before the fault counts.
      await job.endSource();
      if (job.isReading) job.failSource(`cannot read ${source.name}: ${reason(error)}`);
    }
  }
  job.finish();
}

async function readSource(job: MapJob, source: Source): Promise<void> {
  let isFirst = true;
  for await (const chunk of await source.open()) {
    const bytes = chunk as Buffer;
    // A byte order mark says that it is UTF-8, which we knew.
    const start = isFirst && bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
    isFirst = false;
    await job.add(bytes.subarray(start), source.name);
    if (!job.isReading) return;
  }
}

/** Without the call and the path, which Node appends. */
function reason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, [a-z]+( '.*')?$/s, '') : String(error);
}
