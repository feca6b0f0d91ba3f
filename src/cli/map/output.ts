// Standard output: takes results one after the other, and says when they are out, so that who reads slowly slows us down.
// In which order they come is map-job.ts.
import { constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { releaseReceived } from '../../memory/release.js';

const standardOutput = 1;

export class Output {
  readonly #stream = openStream();
  #tail: Promise<void> = Promise.resolve();

  constructor() {
    // The callback of the write has it as well; without a listener it would be thrown.
    this.#stream.on('error', () => {});
  }

  /** Resolves when the system has taken it; rejects if it refuses, with EPIPE when nobody reads any more. */
  write(parts: readonly Uint8Array[]): Promise<void> {
    const written = this.#tail.then(async () => {
      for (const part of parts) {
        await this.#writePart(part);
        releaseReceived(part);
      }
    });
    this.#tail = written.catch(() => {});
    return written;
  }

  #writePart(part: Uint8Array): Promise<void> {
    if (part.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#stream.write(part, (error) => (error == null ? resolve() : reject(error)));
    });
  }
}

/**
 * A pipe is opened anew. That it must not block is a property of what is opened, which we share with our workers, and libuv
 * takes it away when it starts one: a reader that stalls would then stall us as a whole, Ctrl-C included.
 */
function openStream(): Writable {
  if (!fstatSync(standardOutput).isFIFO()) return process.stdout;
  try {
    const fd = openSync(`/proc/self/fd/${standardOutput}`, constants.O_WRONLY | constants.O_NONBLOCK);
    return new Socket({ fd, readable: false, writable: true });
  } catch {
    // No /proc, or a pipe of another user.
    return process.stdout;
  }
}
