// Standard output: takes results one after the other, and says when they are out, so that who reads slowly slows us down.
// In which order they come is map-job.ts.

export class Output {
  readonly #stream = process.stdout;
  #tail: Promise<void> = Promise.resolve();

  constructor() {
    // The callback of the write has it as well; without this it would be thrown.
    this.#stream.on('error', () => {});
  }

  /** Resolves when the system has taken it; rejects if it refuses, with EPIPE when nobody reads any more. */
  write(parts: readonly Uint8Array[]): Promise<void> {
    const written = this.#tail.then(async () => {
      for (const part of parts) await this.#writePart(part);
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
