// What a worker does: it finds the user's function once, then calls it for the lines of one batch after the other.
// The root's half is batch-runner.ts; how lines become items and results lines, format.ts.
import { beginItem } from '../../pool/current-item.js';
import { defineTasks } from '../../task/define-tasks.js';
import type { TaskReference } from '../../task/reference.js';
import { resolveTask } from '../../task/resolve.js';
import { isThenable } from '../../util/is-thenable.js';
import type { BatchResult, LineFailure } from './batch-result.js';
import { describeFailure } from './failure.js';
import { formatResult, isSkipped, type LineFormat, parseItem } from './format.js';
import { within } from './within.js';

export interface WorkerSettings {
  readonly target: TaskReference;
  readonly init: TaskReference | undefined;
  readonly format: LineFormat;
  readonly keepGoing: boolean;
  readonly retries: number;
  readonly timeoutMs: number | undefined;
}

interface Work extends WorkerSettings {
  readonly run: (item: unknown) => unknown;
}

// Looking at the clock takes as long as a cheap line.
const linesPerLook = 16;
// A part of the results that fits into one string.
const maxTextLength = 2 ** 26;

interface Batch {
  readonly lines: readonly string[];
  readonly results: (string | undefined)[];
  readonly failures: LineFailure[];
}

let work: Work | undefined;

export const mapTasks = defineTasks(import.meta, {
  /** The initializer of the pool. */
  async prepare(settings: WorkerSettings): Promise<void> {
    const run = (await resolveTask(settings.target)) as Work['run'];
    if (settings.init !== undefined) await ((await resolveTask(settings.init)) as () => unknown)();
    work = { ...settings, run };
  },

  /** Answers when a worker is ready, so that a function that does not exist is reported before any input is read. */
  greet(): void {},

  /** `bytes` are whole lines, each with its newline. */
  async runBatch(bytes: Uint8Array, concurrency: number, sliceMs: number): Promise<BatchResult> {
    const began = performance.now();
    const lines = linesOf(bytes);
    const batch: Batch = { lines, results: [], failures: [] };
    let done = lines.length;
    if (concurrency === 1) done = await runInTurn(batch, began + sliceMs);
    else await runOverlapping(batch, concurrency);
    batch.failures.sort((a, b) => a.line - b.line);
    return { ...outcome(batch), done, elapsedMs: performance.now() - began };
  },
});

/** Until the time is over, if that is noticed; the number of lines that were done. */
async function runInTurn(batch: Batch, until: number): Promise<number> {
  const { keepGoing } = work as Work;
  const { lines, failures } = batch;
  let lastLook = performance.now();
  let nextLook = linesPerLook;
  for (let index = 0; index < lines.length; index++) {
    const pending = runLine(batch, index);
    // Only what is asynchronous is waited for: a turn of the queue for each line would be half of the time.
    if (pending !== undefined) await pending;
    if (failures.length > 0 && !keepGoing) break;
    if (index + 1 < nextLook) continue;
    const now = performance.now();
    if (now > until) return index + 1;
    nextLook = index + 1 + (now - lastLook < 1 ? linesPerLook : 1);
    lastLook = now;
  }
  return lines.length;
}

async function runOverlapping(batch: Batch, concurrency: number): Promise<void> {
  const { keepGoing, timeoutMs } = work as Work;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < batch.lines.length && (keepGoing || batch.failures.length === 0)) {
      const index = next++;
      const pending = runLine(batch, index, timeoutMs);
      if (pending !== undefined) await pending;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, batch.lines.length) }, lane));
}

/** A promise only if the function gave one. With `timeoutMs` that is given up after so long. */
function runLine(batch: Batch, index: number, timeoutMs?: number): Promise<void> | undefined {
  const { run, format, retries } = work as Work;
  const line = batch.lines[index] as string;
  if (isSkipped(line, format)) return undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      beginItem(index);
      const result = run(parseItem(line, format));
      if (isThenable(result)) return settleLine(batch, { index, attempt, timeoutMs }, result);
      batch.results[index] = formatResult(result, format);
      return undefined;
    } catch (error) {
      if (attempt < retries) continue;
      batch.failures.push(describeFailure(index, error));
      return undefined;
    }
  }
}

async function settleLine(
  batch: Batch,
  { index, attempt, timeoutMs }: { index: number; attempt: number; timeoutMs: number | undefined },
  first: PromiseLike<unknown>,
): Promise<void> {
  const { run, format, retries } = work as Work;
  let result: unknown = first;
  for (let attempts = attempt; ; attempts++) {
    try {
      if (attempts > attempt) {
        beginItem(index);
        result = run(parseItem(batch.lines[index] as string, format));
      }
      batch.results[index] = formatResult(await within(result, timeoutMs), format);
      return;
    } catch (error) {
      if (attempts < retries) continue;
      batch.failures.push(describeFailure(index, error));
      return;
    }
  }
}

/** Without --keep-going the results that come before the failure: overlapping calls may have got further. */
function outcome({ results, failures }: Batch): Pick<BatchResult, 'output' | 'failures'> {
  const stops = failures.length > 0 && !(work as Work).keepGoing;
  const written = stops ? results.slice(0, failures[0]?.line) : results;
  const parts: Buffer[] = [];
  let text = '';
  for (const result of written) {
    if (result === undefined) continue;
    if (text.length + result.length > maxTextLength) {
      parts.push(Buffer.from(text));
      text = '';
    }
    text += `${result}\n`;
  }
  const last = Buffer.from(text);
  const output = parts.length === 0 ? last : Buffer.concat([...parts, last]);
  return { output, failures: stops ? failures.slice(0, 1) : failures };
}

function linesOf(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const lines = text.split('\n');
  lines.pop();
  if (!text.includes('\r\n')) return lines;
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}
