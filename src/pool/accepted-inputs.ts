// Asynchronous inputs of `map` while they are being read: what was accepted is done, though the pool be closed meanwhile.

import { onAbort } from '../util/on-abort.js';
import { settleable } from '../util/settleable.js';
import type { InputReader } from './results/input-reader.js';

export class AcceptedInputs {
  readonly #ends = new Set<(reason: unknown) => void>();
  readonly #onProgress: () => void;

  /** `onProgress` is called when `size` has changed. */
  constructor(onProgress: () => void) {
    this.#onProgress = onProgress;
  }

  get size(): number {
    return this.#ends.size;
  }

  /** `use(items)` once all are there; rejects when the signal is aborted before, or with what `failAll` is given. */
  async read<T>(
    input: InputReader,
    signal: AbortSignal | undefined,
    use: (items: unknown[]) => Promise<T>,
  ): Promise<T> {
    const ended = settleable<never>();
    const release = onAbort(signal, ended.reject);
    this.#ends.add(ended.reject);
    this.#onProgress();
    try {
      return await use(await Promise.race([input.readAll(), ended.promise]));
    } catch (error) {
      input.close();
      throw error;
    } finally {
      release();
      this.#ends.delete(ended.reject);
      this.#onProgress();
    }
  }

  failAll(error: unknown): void {
    for (const end of this.#ends) end(error);
  }
}
