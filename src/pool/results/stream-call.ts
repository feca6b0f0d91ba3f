// imap and imapUnordered: results as an async iterator, the input drawn only as fast as results are taken.
// Results that came before an error, of a task or of the input, are delivered before it.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallLimits, Chunk, Feed, TaskEntry } from '../calls.js';
import { type Input, InputReader } from './input-reader.js';

export interface StreamPlan {
  readonly input: Input;
  readonly chunkSize: number;
  /** Chunks that may be under way or wait to be taken. */
  readonly bufferSize: number;
  readonly ordered: boolean;
  readonly type: number;
  readonly taskNumber: number;
  readonly limits: CallLimits;
}

export interface StreamHooks {
  /** Chunks may be made again. */
  pump(): void;
  /** Nothing more will be delivered. */
  onEnd(): void;
}

interface Outcome {
  readonly values: unknown[];
  readonly failure: { readonly reason: unknown } | undefined;
}

interface Taker {
  resolve(result: IteratorResult<unknown>): void;
  reject(reason: unknown): void;
}

export class StreamCall implements Feed {
  readonly plan: StreamPlan;
  readonly scope = AsyncLocalStorage.snapshot();
  readonly #hooks: StreamHooks;
  readonly #input: InputReader;
  readonly #outcomes = new Map<number, Outcome>();
  readonly #takers: Taker[] = [];
  readonly #tasks = new Set<TaskEntry>();
  #bufferSize: number;
  #made = 0;
  #delivered = 0;
  #values: unknown[] = [];
  #nextValue = 0;
  /** After the values at hand nothing more is delivered but this error. */
  #failure: { readonly reason: unknown } | undefined;
  #stopped = false;

  constructor(plan: StreamPlan, hooks: StreamHooks) {
    this.plan = plan;
    this.#hooks = hooks;
    this.#bufferSize = plan.bufferSize;
    this.#input = new InputReader(plan.input, plan.chunkSize, () => {
      this.#serve();
      hooks.pump();
    });
  }

  get isAwaited(): boolean {
    return this.#takers.length > 0;
  }

  get isExhausted(): boolean {
    return this.#stopped || this.#failure !== undefined || this.#input.isExhausted;
  }

  readAhead(): void {
    this.#bufferSize = Infinity;
  }

  next(): Chunk | null {
    const { type, taskNumber, limits } = this.plan;
    if (this.isExhausted || this.#made - this.#delivered >= this.#bufferSize) return null;
    const value = this.#input.read();
    if (value === null) {
      if (this.#input.isExhausted) queueMicrotask(() => this.#serve());
      return null;
    }
    const firstItem = this.#made * this.plan.chunkSize;
    return { type, taskNumber, index: this.#made++, value, firstItem, limits };
  }

  attach(task: TaskEntry): void {
    this.#tasks.add(task);
  }

  detach(task: TaskEntry): void {
    this.#tasks.delete(task);
  }

  tasks(): readonly TaskEntry[] {
    return [...this.#tasks];
  }

  onResult(index: number, value: unknown): void {
    this.#settle(index, { values: value as unknown[], failure: undefined });
  }

  onChunkFailure(index: number, values: unknown[], error: unknown): void {
    this.#settle(index, { values, failure: { reason: error } });
  }

  onFailure(index: number, error: unknown): void {
    this.#settle(index < 0 ? this.#made++ : index, { values: [], failure: { reason: error } });
  }

  /** Delivers nothing more but this error, also of what is at hand. */
  cancel(reason: unknown): void {
    if (this.#stopped) return;
    this.#values = [];
    this.#nextValue = 0;
    this.#fail({ reason });
    this.#serve();
  }

  /** The iterator that the user has. */
  iterator(): AsyncIterableIterator<unknown> {
    const iterator: AsyncIterableIterator<unknown> = {
      next: () => this.#next(),
      return: async (value?: unknown) => {
        this.#stop();
        this.#serve();
        return { done: true, value };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  #next(): Promise<IteratorResult<unknown>> {
    // Most results are at hand when they are asked for, as they come by the chunk.
    if (this.#takers.length === 0 && this.#nextValue < this.#values.length) {
      return Promise.resolve({ done: false, value: this.#values[this.#nextValue++] });
    }
    return new Promise((resolve, reject) => {
      this.#takers.push({ resolve, reject });
      this.#serve();
      this.#hooks.pump();
    });
  }

  #settle(index: number, outcome: Outcome): void {
    if (this.#stopped || this.#failure !== undefined) return;
    this.#outcomes.set(index, outcome);
    this.#serve();
  }

  // Hands over what is there, in order or as it comes, and makes room for the next chunks.
  #serve(): void {
    const deliveredBefore = this.#delivered;
    while (this.#takers.length > 0) {
      if (this.#nextValue < this.#values.length) {
        (this.#takers.shift() as Taker).resolve({ done: false, value: this.#values[this.#nextValue++] });
      } else if (!this.#takeOutcome()) {
        if (this.#isAtEnd()) this.#serveEnd();
        break;
      }
    }
    if (this.#delivered !== deliveredBefore) this.#hooks.pump();
  }

  #takeOutcome(): boolean {
    if (this.#failure !== undefined) return false;
    const key = this.plan.ordered ? this.#delivered : (this.#outcomes.keys().next().value ?? -1);
    const outcome = this.#outcomes.get(key);
    if (outcome === undefined) return false;
    this.#outcomes.delete(key);
    this.#delivered++;
    this.#values = outcome.values;
    this.#nextValue = 0;
    if (outcome.failure !== undefined) this.#fail(outcome.failure);
    return true;
  }

  #isAtEnd(): boolean {
    if (this.#stopped || this.#failure !== undefined) return true;
    if (!this.#input.isExhausted || this.#delivered < this.#made) return false;
    this.#failure = this.#input.failure;
    return true;
  }

  #serveEnd(): void {
    const failure = this.#stopped ? undefined : this.#failure;
    this.#stop();
    for (const [place, taker] of this.#takers.splice(0).entries()) {
      if (place === 0 && failure !== undefined) taker.reject(failure.reason);
      else taker.resolve({ done: true, value: undefined });
    }
  }

  #fail(failure: { readonly reason: unknown }): void {
    this.#failure = failure;
    this.#outcomes.clear();
    this.scope(() => this.#input.close());
  }

  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#values = [];
    this.#nextValue = 0;
    this.#outcomes.clear();
    this.scope(() => this.#input.close());
    this.#hooks.onEnd();
    this.#hooks.pump();
  }
}
