// Runs a batch of lines in the pool, and goes on after a line that took its worker with it: that line fails or is tried
// again, the others of its batch are run again. What a worker does is worker.ts; order and output are map-job.ts.
import { TaskTimeoutError, WorkerLostError } from '../../errors.js';
import type { Pool } from '../../pool/pool.js';
import type { Batch } from './batch-cutter.js';
import type { BatchResult, LineFailure } from './batch-result.js';
import type { MapSettings } from './settings.js';
import { mapTasks } from './worker.js';

export interface BatchOutcome extends PartOutcome {
  /** About what all of it takes in memory. */
  readonly bytes: number;
}

interface PartOutcome {
  readonly outputs: readonly Uint8Array[];
  /** With the number of the line in its input. */
  readonly failures: readonly LineFailure[];
  /** What all of it takes one worker; undefined if that is not known, as a worker was lost. */
  readonly elapsedMs: number | undefined;
}

interface Part extends Batch {
  readonly concurrency: number;
  /** How often its only line has failed already. */
  readonly attempts: number;
}

// Of workers that died before any line began: from outside, or of something that a line before left behind.
const maxIdleDeaths = 3;
// After so long a worker hands the rest of a batch back, if its size was not asked for.
const sliceMs = 250;
// A message and a stack.
const bytesPerFailure = 1000;
const newline = 0x0a;

export class BatchRunner {
  readonly #pool: Pool;
  readonly #settings: MapSettings;
  #idleDeaths = 0;

  constructor(pool: Pool, settings: MapSettings) {
    this.#pool = pool;
    this.#settings = settings;
  }

  /** Rejects only if the pool can do no more. */
  async run(batch: Batch): Promise<BatchOutcome> {
    const outcome = await this.#run({ ...batch, concurrency: this.#settings.concurrency, attempts: 0 });
    return { ...outcome, bytes: sizeOf(outcome) };
  }

  async #run(part: Part): Promise<PartOutcome> {
    if (part.lines === 0) return { outputs: [], failures: [], elapsedMs: undefined };
    let result: BatchResult;
    try {
      result = await this.#apply(part);
    } catch (error) {
      return await this.#goOn(part, error);
    }
    this.#idleDeaths = 0;
    const failures = result.failures.map((failure) => ({ ...failure, line: part.firstLine + failure.line }));
    const { output, done, elapsedMs } = result;
    if (done === part.lines) return { outputs: [output], failures, elapsedMs };
    const begin = { outputs: [output], failures, elapsedMs };
    const all = this.#join([begin, ...(await this.#share(part, done))]);
    // What the part would have taken: later batches must be smaller.
    return { ...all, elapsedMs: (elapsedMs * part.lines) / done };
  }

  /** The lines that were not done, which turned out to take long, for all workers. */
  #share(part: Part, done: number): Promise<PartOutcome[]> {
    const pieces: Promise<PartOutcome>[] = [];
    for (let rest = split(part, done).after; rest.lines > 0; ) {
      const { before, after } = split(rest, Math.min(done, rest.lines));
      pieces.push(this.#run(before));
      rest = after;
    }
    return Promise.all(pieces);
  }

  #join(outcomes: readonly PartOutcome[]): PartOutcome {
    const failed = outcomes.findIndex(({ failures }) => failures.length > 0);
    const wanted = failed === -1 || this.#settings.keepGoing ? outcomes : outcomes.slice(0, failed + 1);
    return {
      outputs: wanted.flatMap(({ outputs }) => outputs),
      failures: wanted.flatMap(({ failures }) => failures),
      elapsedMs: undefined,
    };
  }

  #apply({ bytes, concurrency }: Part): Promise<BatchResult> {
    const { timeoutMs, chunkSize } = this.#settings;
    // Overlapping calls have timers of their own; the pool ends a worker that does not even come to those.
    const timeout = timeoutMs === undefined || concurrency === 1 ? timeoutMs : 2 * timeoutMs;
    return this.#pool.apply(
      mapTasks.runBatch,
      [bytes, concurrency, chunkSize === undefined ? sliceMs : Number.POSITIVE_INFINITY],
      timeout === undefined ? undefined : { timeout },
    );
  }

  async #goOn(part: Part, error: unknown): Promise<PartOutcome> {
    if (!(error instanceof WorkerLostError || error instanceof TaskTimeoutError)) throw error;
    // Which of the overlapping calls it was, nobody can say: one at a time shows it.
    if (part.concurrency > 1) return await this.#run({ ...part, concurrency: 1 });
    const { item } = error;
    if (item === null) {
      if (++this.#idleDeaths > maxIdleDeaths) throw error;
      return await this.#run(part);
    }
    const { before, line, after } = divide(part, item);
    const begin = await this.#run(before);
    const middle = await this.#goOnWithLine(line, error);
    const stops = begin.failures.length + middle.failures.length > 0 && !this.#settings.keepGoing;
    const end = await this.#run(stops ? { ...after, lines: 0 } : after);
    return this.#join([begin, middle, end]);
  }

  async #goOnWithLine(line: Part, error: WorkerLostError | TaskTimeoutError): Promise<PartOutcome> {
    if (line.attempts < this.#settings.retries)
      return await this.#run({ ...line, attempts: line.attempts + 1 });
    const failure: LineFailure = { line: line.firstLine, text: this.#describe(error), frames: [] };
    return { outputs: [], failures: [failure], elapsedMs: undefined };
  }

  #describe(error: WorkerLostError | TaskTimeoutError): string {
    if (error instanceof TaskTimeoutError)
      return `TimeoutError: not done after ${this.#settings.timeoutMs} ms`;
    const how = error.signal === null ? `with exit code ${error.exitCode}` : `by ${error.signal}`;
    return `WorkerLostError: the worker (pid ${error.pid}) ended ${how} while it ran this line`;
  }
}

function sizeOf({ outputs, failures }: PartOutcome): number {
  return outputs.reduce((sum, output) => sum + output.length, bytesPerFailure * failures.length);
}

/** The lines before the one at `index`, that one, and those after it. */
function divide(part: Part, index: number): { before: Part; line: Part; after: Part } {
  const { before, after: rest } = split(part, index);
  const { before: line, after } = split(rest, 1);
  return { before: { ...before, attempts: 0 }, line: { ...line, attempts: part.attempts }, after };
}

/** The first `lines` lines, and the others. */
function split(part: Part, lines: number): { before: Part; after: Part } {
  const { bytes, firstLine } = part;
  let end = 0;
  for (let passed = 0; passed < lines; passed++) end = bytes.indexOf(newline, end) + 1;
  return {
    before: { ...part, bytes: bytes.subarray(0, end), lines },
    after: {
      ...part,
      attempts: 0,
      bytes: bytes.subarray(end),
      lines: part.lines - lines,
      firstLine: firstLine + lines,
    },
  };
}
