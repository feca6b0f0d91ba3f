// The work on one file. The pool's workers import this module and nothing else of the demo.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { defineTasks } from 'forkyard';

export interface FileFacts {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly gzipBytes: number;
  readonly lines: number;
  /** The process that did it. */
  readonly pid: number;
}

const newline = 10;

export const tasks = defineTasks(import.meta, {
  inspectFile(path: string): FileFacts {
    const content = readFileSync(path);
    return {
      path,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      gzipBytes: gzipSync(content, { level: 6 }).length,
      lines: countLines(content),
      pid: process.pid,
    };
  },
});

/** As `wc -l` counts them: the newlines. */
function countLines(content: Buffer): number {
  let lines = 0;
  for (let at = content.indexOf(newline); at >= 0; at = content.indexOf(newline, at + 1)) lines++;
  return lines;
}
