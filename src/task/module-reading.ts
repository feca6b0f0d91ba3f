// Node's loader reads each module in several trips to a pool of threads, and a new process has yet to start those. For a
// task in two or three small files that is a sixth of a worker's start, and reading them takes some ten microseconds.
import { type PathLike, promises, readFileSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { isImportingTaskModule } from './importing.js';

// Whoever has more to read reads side by side, from a disk that may be slow.
const mostAtOnce = 16;
const largestAtOnce = 256 * 1024;

/**
 * The first few modules of tasks that this process imports are read without threads. The loader takes what it calls from
 * `fs.promises`, and calls it with a URL alone; all others get what they always got.
 */
export function readTaskModulesAtOnce(): void {
  const { readFile: original } = promises;
  let left = mostAtOnce;

  async function readFile(path: PathLike | FileHandle, ...options: unknown[]): Promise<Buffer> {
    const isModule = path instanceof URL && options.length === 0 && isImportingTaskModule();
    if (isModule && left > 0) {
      const content = readNow(path);
      if (content !== undefined) {
        left--;
        return content;
      }
    }
    return (original as (...all: unknown[]) => Promise<Buffer>)(path, ...options);
  }

  promises.readFile = readFile as typeof original;
}

/** Undefined: it is large, or might make us wait, or cannot be read; the reason is for whoever tries in the usual way. */
function readNow(path: URL): Buffer | undefined {
  try {
    const status = statSync(path);
    return status.isFile() && status.size <= largestAtOnce ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}
