// The heart of `forkyard map`: gives batches to the pool, a bounded number at a time, and writes their results in order.
// It is told of input by reader.ts and of Ctrl-C by interrupts.ts; what a batch is and how it is run lies in batch-*.ts.
import { settleable } from '../../util/settleable.js';
import { exitStatus } from '../exit-status.js';
import { type Batch, BatchCutter } from './batch-cutter.js';
import type { BatchOutcome } from './batch-runner.js';
import type { Output } from './output.js';
import { makePace } from './pace.js';
import type { Report } from './report.js';
import type { MapSettings } from './settings.js';

/** `reading`: input comes. `finishing`: no more of it is begun. `ended`: nothing more is written. */
type JobState = 'reading' | 'finishing' | 'ended';

export interface JobParts {
  /** Rejects only if the job cannot go on. */
  readonly run: (batch: Batch) => Promise<BatchOutcome>;
  readonly output: Output;
  readonly report: Report;
}

/** A batch, or an input that cannot be read, from its beginning until it is written. */
interface Entry {
  /** Undefined until it is done. */
  finish: (() => Promise<void>) | undefined;
  /** It failed, and nothing is to be written after it. */
  isLast: boolean;
}

// What is done may wait for a slow line before it, so that the other workers need not; but not without limit.
const maxHeldBytes = 2 ** 24;
// A line longer than this is not text; to wait for its end would use up the memory.
const maxLineBytes = 2 ** 28;

export class MapJob {
  /** Of the input that is being read. */
  readonly #cutter = new BatchCutter();
  readonly #settings: MapSettings;
  readonly #parts: JobParts;
  readonly #pace;
  readonly #window: number;
  readonly #ended = settleable<number>();
  readonly #waiting: (() => void)[] = [];
  /** In input order: what was begun and is not yet handed on to be written. */
  readonly #begun: Entry[] = [];
  #source = '';
  #state: JobState = 'reading';
  #inputIsAtEnd = false;
  #running = 0;
  #unwritten = 0;
  #linesUnderWay = 0;
  /** Of results that are done and not yet written. */
  #heldBytes = 0;
  #status: number = exitStatus.ok;

  constructor(settings: MapSettings, parts: JobParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#pace = makePace(settings.chunkSize, settings.concurrency);
    this.#window = 2 * settings.workers + 2;
  }

  /** The exit status, when all that is to be written is written. Rejects if the pool or the output fails. */
  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  get isReading(): boolean {
    return this.#state === 'reading';
  }

  /** All that was begun is written. */
  get isDone(): boolean {
    return this.#unwritten === 0;
  }

  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  get isInterrupted(): boolean {
    return this.#status === exitStatus.interrupted;
  }

  /** Begun, and not yet written. */
  get linesUnderWay(): number {
    return this.#linesUnderWay;
  }

  /** Resolves when more of the input can be taken. */
  async add(bytes: Buffer, source: string): Promise<void> {
    this.#source = source;
    this.#cutter.add(bytes);
    this.#parts.report.addBytes(bytes.length);
    this.#pump();
    if (this.#cutter.lines === 0 && this.#cutter.bytes > maxLineBytes) {
      this.#cutter.restart();
      throw new Error(`a line is longer than ${maxLineBytes / 2 ** 20} MiB`);
    }
    while (this.isReading && this.#cutter.has(this.#pace.limit)) await this.#progress();
  }

  /** Resolves when all of this input is on its way. */
  async endSource(): Promise<void> {
    this.#cutter.end();
    this.#inputIsAtEnd = true;
    this.#pump();
    while (this.isReading && this.#cutter.lines > 0) await this.#progress();
    this.#inputIsAtEnd = false;
    this.#cutter.restart();
  }

  /** An input that cannot be read, in its place between the others. */
  failSource(text: string): void {
    const isLast = !this.#settings.keepGoing;
    const finish = () => this.#tellFailure(() => this.#parts.report.sourceFailed(text));
    this.#begun.push({ finish, isLast });
    this.#unwritten++;
    if (isLast) this.finish();
    else this.#settle();
  }

  /** Begins nothing more; what is under way is written. With `status` instead of success. */
  finish(status: number = exitStatus.ok): void {
    if (status !== exitStatus.ok) this.#status = status;
    if (this.#state === 'reading') this.#state = 'finishing';
    this.#settle();
    this.#notify();
  }

  /** Writes nothing more. */
  stop(status: number): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#ended.resolve(status);
    this.#notify();
  }

  /** The job cannot go on: `ended` rejects with this. */
  fail(error: unknown): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#ended.reject(error);
    this.#notify();
  }

  #pump(): void {
    while (this.#state === 'reading' && this.#hasRoom()) {
      const { limit } = this.#pace;
      // An idle worker takes what there is, however little.
      const isWanted =
        this.#inputIsAtEnd || this.#running < this.#settings.workers || this.#cutter.has(limit);
      const batch = isWanted ? this.#cutter.take(limit) : undefined;
      if (batch === undefined) return;
      this.#begin(batch);
    }
  }

  #hasRoom(): boolean {
    if (this.#unwritten < this.#window) return true;
    return this.#running < this.#window && this.#heldBytes < maxHeldBytes;
  }

  #begin(batch: Batch): void {
    const source = this.#source;
    const entry: Entry = { finish: undefined, isLast: false };
    this.#begun.push(entry);
    this.#unwritten++;
    this.#linesUnderWay += batch.lines;
    this.#running++;
    this.#parts.run(batch).then(
      (outcome) => {
        this.#running--;
        if (outcome.elapsedMs !== undefined) this.#pace.sample(batch.lines, outcome.elapsedMs);
        this.#heldBytes += outcome.bytes;
        entry.finish = () => this.#write(batch, outcome, source);
        entry.isLast = outcome.failures.length > 0 && !this.#settings.keepGoing;
        if (entry.isLast) this.finish();
        this.#goOn();
      },
      (error: unknown) => this.fail(error),
    );
  }

  /** Hands on what is done and, unless order is no matter, has nothing undone before it; what ends all comes last anyway. */
  #settle(): void {
    for (let index = 0; index < this.#begun.length && this.#state !== 'ended'; ) {
      const entry = this.#begun[index] as Entry;
      if (entry.finish === undefined || (entry.isLast && index > 0)) {
        if (this.#settings.ordered) break;
        index++;
        continue;
      }
      this.#begun.splice(index, 1);
      entry.finish().then(
        () => {
          this.#unwritten--;
          this.#goOn();
        },
        (error: unknown) => this.fail(error),
      );
      if (entry.isLast) this.#begun.length = 0;
    }
    if (this.#state === 'finishing' && this.#unwritten === 0) this.stop(this.#status);
  }

  #goOn(): void {
    this.#pump();
    this.#settle();
    this.#notify();
  }

  async #write(batch: Batch, { outputs, failures, bytes }: BatchOutcome, source: string): Promise<void> {
    await this.#parts.output.write(outputs);
    this.#heldBytes -= bytes;
    this.#linesUnderWay -= batch.lines;
    if (this.#state === 'ended') return;
    this.#parts.report.addLines(batch.lines);
    if (failures.length > 0) await this.#tellFailure(() => this.#parts.report.linesFailed(source, failures));
  }

  async #tellFailure(report: () => Promise<void>): Promise<void> {
    if (this.#status === exitStatus.ok) this.#status = exitStatus.failed;
    await report();
    if (!this.#settings.keepGoing) this.stop(this.#status);
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #notify(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
