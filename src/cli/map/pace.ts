// How many lines a batch should have: as many as keep a worker busy for a while, learnt from what earlier ones took.
import type { BatchLimit } from './batch-cutter.js';

// Long against the cost of a batch (some 50 microseconds), short against what somebody who watches would notice.
const targetMs = 20;
// Batches and results are freed by garbage collection, which lags behind: larger ones are no faster, and let this process
// hold hundreds of megabytes.
const maxBytes = 2 ** 17;
const maxGrowth = 4;
// The newest batch's part in the mean.
const newestShare = 0.3;

export interface Pace {
  readonly limit: BatchLimit;
  sample(lines: number, elapsedMs: number): void;
}

/** `chunkSize` lines, or as many as take about 20 ms. */
export function makePace(chunkSize: number | undefined): Pace {
  return chunkSize === undefined
    ? new AdaptivePace()
    : { limit: { lines: chunkSize, bytes: Number.POSITIVE_INFINITY }, sample: () => {} };
}

/** Begins with single lines: the first ones may take minutes each. */
class AdaptivePace implements Pace {
  #lines = 1;
  #msPerLine = 0;

  get limit(): BatchLimit {
    return { lines: this.#lines, bytes: maxBytes };
  }

  sample(lines: number, elapsedMs: number): void {
    const ms = elapsedMs / lines;
    this.#msPerLine = this.#msPerLine === 0 ? ms : this.#msPerLine + newestShare * (ms - this.#msPerLine);
    const wanted = Math.max(1, Math.floor(targetMs / this.#msPerLine));
    // A batch may have been small because there was no more input just then.
    this.#lines = Math.min(wanted, Math.max(this.#lines, maxGrowth * lines));
  }
}
