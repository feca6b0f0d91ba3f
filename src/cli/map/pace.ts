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

// Calls that overlap do so within a batch: it needs more of them, or most would wait for its last one.
const rounds = 4;

/** `chunkSize` lines, or as many as take about 20 ms, and enough for `concurrency` calls to overlap. */
export function makePace(chunkSize: number | undefined, concurrency: number): Pace {
  return chunkSize === undefined
    ? new AdaptivePace(concurrency === 1 ? 1 : rounds * concurrency)
    : { limit: { lines: chunkSize, bytes: Number.POSITIVE_INFINITY }, sample: () => {} };
}

/** Begins with as few lines as can be: the first ones may take minutes each. */
class AdaptivePace implements Pace {
  readonly #least: number;
  #lines: number;
  #msPerLine = 0;

  constructor(least: number) {
    this.#least = this.#lines = least;
  }

  get limit(): BatchLimit {
    return { lines: this.#lines, bytes: maxBytes };
  }

  sample(lines: number, elapsedMs: number): void {
    const ms = elapsedMs / lines;
    this.#msPerLine = this.#msPerLine === 0 ? ms : this.#msPerLine + newestShare * (ms - this.#msPerLine);
    const wanted = Math.max(this.#least, Math.floor(targetMs / this.#msPerLine));
    // A batch may have been small because there was no more input just then.
    this.#lines = Math.min(wanted, Math.max(this.#lines, maxGrowth * lines));
  }
}
