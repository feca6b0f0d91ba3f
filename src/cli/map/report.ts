// What is told on standard error: failures with file and line, and the figures of which progress.ts draws its bar.
import type { LineFailure } from './batch-result.js';

export class Report {
  lines = 0;
  bytes = 0;
  failedLines = 0;
  failedSources = 0;
  /** Called before something is written, to clear the line that a bar is on. */
  beforeText: () => void = () => {};
  #lastFrames = '';

  addBytes(bytes: number): void {
    this.bytes += bytes;
  }

  addLines(lines: number): void {
    this.lines += lines;
  }

  /** Resolves when the system has taken it. */
  async linesFailed(source: string, failures: readonly LineFailure[]): Promise<void> {
    this.failedLines += failures.length;
    await this.say(failures.map((failure) => this.#describe(source, failure)).join('\nforkyard map: '));
  }

  async sourceFailed(text: string): Promise<void> {
    this.failedSources++;
    await this.say(text);
  }

  summarise(): void {
    const { lines, failedLines, failedSources } = this;
    const parts = [
      ...(failedLines > 0 ? [`${failedLines} of ${lines} line${lines === 1 ? '' : 's'} failed`] : []),
      ...(failedSources > 0
        ? [`${failedSources} input${failedSources === 1 ? '' : 's'} could not be read`]
        : []),
    ];
    if (parts.length > 0) void this.say(parts.join('; '));
  }

  say(text: string): Promise<void> {
    this.beforeText();
    return new Promise((resolve) => {
      process.stderr.write(`forkyard map: ${text}\n`, () => resolve());
    });
  }

  /** The place is shown where it is another than that of the failure before: a million alike would hide the others. */
  #describe(source: string, { line, text, frames }: LineFailure): string {
    const shown = frames.map((frame) => `\n    ${frame}`).join('');
    const isRepeated = shown === this.#lastFrames;
    this.#lastFrames = shown;
    return `${source}:${line}: ${text}${isRepeated ? '' : shown}`;
  }
}
