// One call of one task: a promise.
import type { ResultSink, TaskEntry } from '../calls.js';

export class ApplyCall implements ResultSink {
  readonly promise: Promise<unknown>;
  #resolve!: (value: unknown) => void;
  #reject!: (reason: unknown) => void;
  #task: TaskEntry | undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  attach(task: TaskEntry): void {
    this.#task = task;
  }

  detach(): void {
    this.#task = undefined;
  }

  tasks(): readonly TaskEntry[] {
    return this.#task === undefined ? [] : [this.#task];
  }

  onResult(_index: number, value: unknown): void {
    this.#resolve(value);
  }

  onFailure(_index: number, error: unknown): void {
    this.#reject(error);
  }

  onChunkFailure(_index: number, _values: unknown[], error: unknown): void {
    this.#reject(error);
  }
}
