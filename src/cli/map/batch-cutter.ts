// Collects the bytes of one input and cuts them, after a newline, into batches. Lines are counted, not looked at.
// How large a batch should be is pace.ts; reading is sources.ts.

export interface Batch {
  /** Whole lines, each with its newline. */
  readonly bytes: Uint8Array;
  readonly lines: number;
  /** Number of its first line in the input, from 1. */
  readonly firstLine: number;
}

/** A batch has at most so many lines, and so many bytes unless its first line alone has more. */
export interface BatchLimit {
  readonly lines: number;
  readonly bytes: number;
}

interface Chunk {
  readonly bytes: Buffer;
  readonly lines: number;
}

const newline = 0x0a;

export class BatchCutter {
  #chunks: Chunk[] = [];
  #bytes = 0;
  #lines = 0;
  #nextLine = 1;

  /** Number of lines that are whole. */
  get lines(): number {
    return this.#lines;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: Buffer): void {
    if (bytes.length > 0) this.#push({ bytes, lines: countLines(bytes) });
  }

  /** A last line needs no newline of its own. */
  end(): void {
    const last = this.#chunks.at(-1)?.bytes.at(-1);
    if (last !== undefined && last !== newline) this.add(Buffer.from('\n'));
  }

  /** For the next input: its lines are counted anew. */
  restart(): void {
    this.#chunks = [];
    this.#bytes = this.#lines = 0;
    this.#nextLine = 1;
  }

  /** True if a batch would not become larger by waiting. */
  has(limit: BatchLimit): boolean {
    return this.#lines > 0 && (this.#lines >= limit.lines || this.#bytes >= limit.bytes);
  }

  /** Undefined as long as there is no whole line. */
  take(limit: BatchLimit): Batch | undefined {
    if (this.#lines === 0) return undefined;
    const { chunk, end, lines } = this.#findCut(limit);
    const taken = this.#chunks.splice(0, chunk + 1);
    const last = taken[chunk] as Chunk;
    if (end < last.bytes.length) {
      const rest = last.bytes.subarray(end);
      this.#chunks.unshift({ bytes: rest, lines: countLines(rest) });
    }
    const parts = taken.map(({ bytes }, index) => (index === chunk ? bytes.subarray(0, end) : bytes));
    const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    const firstLine = this.#nextLine;
    this.#nextLine += lines;
    this.#lines -= lines;
    this.#bytes -= bytes.length;
    return { bytes, lines, firstLine };
  }

  #push(chunk: Chunk): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes.length;
    this.#lines += chunk.lines;
  }

  /** The cut after the last line that is within the limit: its chunk, and its place there. */
  #findCut(limit: BatchLimit): { chunk: number; end: number; lines: number } {
    let cut = { chunk: -1, end: 0, lines: 0 };
    let before = 0;
    for (const [index, { bytes, lines }] of this.#chunks.entries()) {
      const fits = cut.lines + lines <= limit.lines && before + bytes.length <= limit.bytes;
      if (lines > 0 && fits) {
        cut = { chunk: index, end: bytes.lastIndexOf(newline) + 1, lines: cut.lines + lines };
      } else if (lines > 0) {
        return cutWithin(bytes, { index, before, cut }, limit);
      }
      before += bytes.length;
    }
    return cut;
  }
}

function cutWithin(
  bytes: Buffer,
  {
    index,
    before,
    cut,
  }: { index: number; before: number; cut: { chunk: number; end: number; lines: number } },
  limit: BatchLimit,
): { chunk: number; end: number; lines: number } {
  let { chunk, end, lines } = cut;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) {
    if (lines > 0 && (lines >= limit.lines || before + at >= limit.bytes)) break;
    chunk = index;
    end = at + 1;
    lines++;
  }
  return { chunk, end, lines };
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines++;
  return lines;
}
