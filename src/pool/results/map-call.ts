// A map over an array: chunks made as workers become free, results in input order, the first error in input order.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallLimits, Chunk, Feed, TaskEntry } from '../calls.js';

const mostArguments = 10_000;

export interface MapPlan {
  readonly items: readonly unknown[];
  readonly chunkSize: number;
  readonly type: number;
  readonly taskNumber: number;
  readonly limits: CallLimits;
}

export class MapCall implements Feed {
  readonly promise: Promise<unknown[]>;
  readonly plan: MapPlan;
  readonly scope = AsyncLocalStorage.snapshot();
  readonly #chunks: unknown[][];
  #resolve!: (values: unknown[]) => void;
  #reject!: (reason: unknown) => void;
  readonly #tasks = new Set<TaskEntry>();
  #next = 0;
  #inFlight = 0;
  #failedAt = Infinity;
  #error: unknown;

  constructor(plan: MapPlan) {
    this.plan = plan;
    this.#chunks = new Array(Math.ceil(plan.items.length / plan.chunkSize));
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (plan.items.length === 0) this.#resolve([]);
  }

  get isAwaited(): boolean {
    return true;
  }

  get isExhausted(): boolean {
    return this.#next >= this.#chunks.length;
  }

  /** Its items are at hand. */
  readAhead(): void {}

  next(): Chunk | null {
    if (this.isExhausted) return null;
    const { items, chunkSize, type, taskNumber, limits } = this.plan;
    const index = this.#next++;
    this.#inFlight++;
    const firstItem = index * chunkSize;
    const value = items.slice(firstItem, firstItem + chunkSize);
    return { type, taskNumber, index, value, firstItem, limits };
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
    this.#chunks[index] = value as unknown[];
    this.#settleOne();
  }

  onChunkFailure(index: number, _values: unknown[], error: unknown): void {
    this.onFailure(index, error);
  }

  // After a failure nothing new is begun, and what runs is waited for: as in Python, the error that comes first in
  // the input is the one that is told. An index below 0 is the whole call.
  onFailure(index: number, error: unknown): void {
    if (index < this.#failedAt) {
      this.#failedAt = index;
      this.#error = error;
    }
    this.#next = this.#chunks.length;
    if (index < 0) this.#reject(error);
    else this.#settleOne();
  }

  #settleOne(): void {
    if (--this.#inFlight > 0 || !this.isExhausted) return;
    if (this.#failedAt !== Infinity) this.#reject(this.#error);
    else this.#resolve(this.#chunks.length === 1 ? (this.#chunks[0] as unknown[]) : joined(this.#chunks));
  }
}

// `concat` copies whole blocks of memory, in a fortieth of the time of `flat`.
function joined(chunks: readonly unknown[][]): unknown[] {
  let parts = chunks;
  while (parts.length > 1) {
    const fewer: unknown[][] = [];
    for (let i = 0; i < parts.length; i += mostArguments) {
      fewer.push(([] as unknown[]).concat(...parts.slice(i, i + mostArguments)));
    }
    parts = fewer;
  }
  return parts[0] ?? [];
}
