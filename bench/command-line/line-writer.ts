// Writes results as NDJSON, many at a time: what a rival has to do to be fast. Forkyard's own is src/cli/map/.

const bufferLength = 2 ** 16;

export class LineWriter {
  #text = '';

  /** False if the reader does not keep up: wait for `onDrain`. */
  write(result: unknown): boolean {
    this.#text += `${JSON.stringify(result)}\n`;
    return this.#text.length < bufferLength || this.#flush();
  }

  onDrain(callback: () => void): void {
    process.stdout.once('drain', callback);
  }

  end(): void {
    this.#flush();
  }

  #flush(): boolean {
    const text = this.#text;
    this.#text = '';
    return process.stdout.write(text);
  }
}
