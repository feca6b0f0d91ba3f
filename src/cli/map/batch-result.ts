// What a worker tells of a batch of lines. How batches are made is batch-cutter.ts, what becomes of results, map-job.ts.

export interface LineFailure {
  /** The line's place in its batch, from 0. */
  readonly line: number;
  /** `TypeError: message`. */
  readonly text: string;
  /** Of the stack, what is the user's. */
  readonly frames: readonly string[];
}

export interface BatchResult {
  /** The results as lines, each with its newline; those of failed lines are left out. */
  readonly output: Uint8Array;
  /** In ascending order. Without --keep-going at most one, which ends the batch. */
  readonly failures: readonly LineFailure[];
  /** How many of its lines were run. The others were left, as these took long: other workers may have some of them. */
  readonly done: number;
  readonly elapsedMs: number;
}
