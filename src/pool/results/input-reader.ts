// Cuts an iterable, synchronous or not, into chunks, reading no further than it is asked to.
import { isThenable } from '../../util/is-thenable.js';

export type Input = Iterator<unknown> | AsyncIterator<unknown>;

export class InputReader {
  readonly #input: Input;
  readonly #chunkSize: number;
  readonly #onProgress: () => void;
  #gathered: unknown[] = [];
  #reading = false;
  #ended = false;
  /** What the input threw. Everything that it gave before comes first. */
  failure: { readonly reason: unknown } | undefined;

  /** `onProgress` is called when a later `read` may give more. */
  constructor(input: Input, chunkSize: number, onProgress: () => void) {
    this.#input = input;
    this.#chunkSize = chunkSize;
    this.#onProgress = onProgress;
  }

  get isExhausted(): boolean {
    return this.#ended && this.#gathered.length === 0;
  }

  /** The next chunk; null if there is none, or none yet. */
  read(): unknown[] | null {
    while (!this.#ended && this.#gathered.length < this.#chunkSize) {
      if (!this.#readOne()) return null;
    }
    if (this.#gathered.length === 0) return null;
    const chunk = this.#gathered;
    this.#gathered = [];
    return chunk;
  }

  /** Everything, at once; what there was, if it is closed meanwhile. */
  async readAll(): Promise<unknown[]> {
    for (;;) {
      const item = await this.#input.next();
      if (this.#ended || isDone(item)) return this.#gathered;
      this.#gathered.push(item.value);
    }
  }

  /** Reads no more; the input may tidy up. */
  close(): void {
    this.#gathered = [];
    if (this.#ended) return;
    this.#ended = true;
    try {
      void Promise.resolve(this.#input.return?.()).catch(() => {});
    } catch {
      // It was asked to stop; how it fails at that is of no interest to the results.
    }
  }

  // False: the item comes later.
  #readOne(): boolean {
    if (this.#reading) return false;
    try {
      const item = this.#input.next();
      if (isThenable(item)) {
        this.#reading = true;
        void this.#await(item);
        return false;
      }
      this.#accept(item);
      return true;
    } catch (reason) {
      this.#end({ reason });
      return true;
    }
  }

  async #await(item: PromiseLike<IteratorResult<unknown>>): Promise<void> {
    try {
      this.#accept(await item);
    } catch (reason) {
      this.#end({ reason });
    }
    this.#reading = false;
    this.#onProgress();
  }

  #accept(item: IteratorResult<unknown>): void {
    if (this.#ended) return;
    if (isDone(item)) this.#end(undefined);
    else this.#gathered.push(item.value);
  }

  #end(failure: { readonly reason: unknown } | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.failure = failure;
  }
}

// As `for ... of`: a `next` that returns no object would otherwise be an input without end.
function isDone(item: IteratorResult<unknown>): boolean {
  if (typeof item !== 'object' || item === null)
    throw new TypeError(`Iterator result ${String(item)} is not an object`);
  return item.done === true;
}
