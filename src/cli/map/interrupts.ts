// Ctrl-C and SIGTERM: the first Ctrl-C finishes what is under way, the second ends it, as SIGTERM does at once.
// Workers leave Ctrl-C to us (pool/worker-loop.ts).
import { exitStatus } from '../exit-status.js';
import type { MapJob } from './map-job.js';
import type { Report } from './report.js';

/** Returns what gives the signals back. */
export function heedInterrupts(job: MapJob, report: Report): () => void {
  const interrupt = (): void => {
    // Workers are being waited for, in vain perhaps; they end with us.
    if (job.hasEnded) process.exit(exitStatus.interrupted);
    if (!job.isInterrupted) {
      const lines = job.linesUnderWay;
      job.finish(exitStatus.interrupted);
      if (lines > 0) {
        void report.say(
          `finishing ${lines} line${lines === 1 ? '' : 's'} under way; Ctrl-C again stops at once`,
        );
      }
    } else job.stop(exitStatus.interrupted);
  };
  const terminate = (): void => job.stop(exitStatus.terminated);
  process.on('SIGINT', interrupt).on('SIGTERM', terminate);
  return () => process.off('SIGINT', interrupt).off('SIGTERM', terminate);
}
