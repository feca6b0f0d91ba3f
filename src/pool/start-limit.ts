// A time limit counts from the moment at which a task runs. Where no worker becomes ready, as with an initializer that never
// comes to its end, that moment never comes: so calls that have a limit give up, generously later.
import type { ResultSink } from './calls.js';
import type { Placement } from './placement.js';

/** A call that has waited for a worker for too long. */
export interface Overdue {
  readonly sink: ResultSink;
  readonly taskNumber: number;
  readonly timeoutMs: number;
}

const lookMs = 100;

export class StartLimit {
  readonly #placement: Placement;
  readonly #allowanceMs: number;
  readonly #onOverdue: (call: Overdue) => void;
  /** Since when each call was seen to wait. */
  readonly #since = new Map<ResultSink, number>();
  #timer: NodeJS.Timeout | undefined;

  /** `allowanceMs` is 0 if they wait for ever. */
  constructor(placement: Placement, allowanceMs: number, onOverdue: (call: Overdue) => void) {
    this.#placement = placement;
    this.#allowanceMs = allowanceMs;
    this.#onOverdue = onOverdue;
  }

  /** Call when tasks were given out. Nothing happens, and no timer runs, once a worker is ready. */
  watch(): void {
    if (this.#allowanceMs === 0 || this.#timer !== undefined || this.#placement.crew.hasReady) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#look()) this.watch();
    }, lookMs);
    this.#timer.unref();
  }

  // True if calls with a limit wait still.
  #look(): boolean {
    const waiting = this.#placement.crew.hasReady ? [] : [...this.#waiting()];
    if (waiting.length === 0) this.#since.clear();
    const now = performance.now();
    for (const call of waiting) {
      const since = this.#since.get(call.sink) ?? now;
      this.#since.set(call.sink, since);
      if (now - since <= call.timeoutMs + this.#allowanceMs) continue;
      this.#since.delete(call.sink);
      this.#onOverdue(call);
    }
    return waiting.length > 0;
  }

  *#waiting(): Generator<Overdue> {
    const { table, feeds } = this.#placement;
    for (const { sink, taskNumber, limits, isSettled } of table.all()) {
      if (!isSettled && limits.timeoutMs > 0) yield { sink, taskNumber, timeoutMs: limits.timeoutMs };
    }
    for (const sink of feeds.all()) {
      const { taskNumber, limits } = sink.plan;
      if (limits.timeoutMs > 0) yield { sink, taskNumber, timeoutMs: limits.timeoutMs };
    }
  }
}
