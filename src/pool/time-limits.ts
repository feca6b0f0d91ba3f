// Which tasks have run for longer than they may. Measured by the pool, from the moment at which it saw them run: a worker
// that hangs tells nobody. What happens to such a task is the dispatcher's matter.
import type { TaskEntry } from './calls.js';
import type { CrewMember } from './crew.js';
import { taskMessageType } from './messages.js';

interface Watched {
  readonly member: CrewMember;
  /** When it was seen to begin with what it is at; NaN as long as it was not. */
  since: number;
  /** What the worker had begun with by then. */
  itemsBegun: number;
  isImported: boolean;
}

// The import of the task's module is part of its first run, and does not count until it takes suspiciously long.
const importAllowanceMs = 10_000;
const leastIntervalMs = 1;
const mostIntervalMs = 50;
const looksPerLimit = 20;

export class TimeLimits {
  readonly #watched = new Map<TaskEntry, Watched>();
  readonly #overlaps: boolean;
  readonly #hooks: { settleArrived(): void; onExpired(member: CrewMember, entry: TaskEntry): void };
  #timer: NodeJS.Timeout | undefined;

  constructor(
    concurrency: number,
    hooks: { settleArrived(): void; onExpired(member: CrewMember, entry: TaskEntry): void },
  ) {
    this.#overlaps = concurrency > 1;
    this.#hooks = hooks;
  }

  /** The entry was given to a worker. */
  watch(member: CrewMember, entry: TaskEntry): void {
    if (entry.limits.timeoutMs === 0) return;
    this.#watched.set(entry, { member, since: Number.NaN, itemsBegun: 0, isImported: false });
    this.#lookSoon();
  }

  forget(entry: TaskEntry): void {
    if (entry.limits.timeoutMs > 0) this.#watched.delete(entry);
  }

  #lookSoon(): void {
    if (this.#timer !== undefined || this.#watched.size === 0) return;
    let shortest = Infinity;
    for (const { limits } of this.#watched.keys()) shortest = Math.min(shortest, limits.timeoutMs);
    const interval = Math.min(mostIntervalMs, Math.max(leastIntervalMs, shortest / looksPerLimit));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
      this.#lookSoon();
    }, interval);
    this.#timer.unref();
  }

  #look(): void {
    const now = performance.now();
    const late = [...this.#watched].filter(([entry, watched]) => this.#isLate(entry, watched, now));
    if (late.length === 0) return;
    // This process may have been busy or stopped itself: what has arrived meanwhile was in time.
    this.#hooks.settleArrived();
    for (const [entry, { member }] of late) {
      if (this.#watched.has(entry)) this.#hooks.onExpired(member, entry);
    }
  }

  #isLate(entry: TaskEntry, watched: Watched, now: number): boolean {
    const { worker } = watched.member;
    if (!worker.hasBegun(entry.mark)) return false;
    const { itemsBegun } = worker;
    const isImported = watched.member.imported.has(entry.taskNumber);
    // Of tasks that overlap, what the worker is at says nothing about this one; chunks never overlap.
    const isAlone = !this.#overlaps || entry.type !== taskMessageType.apply;
    const isOther = isAlone && itemsBegun !== watched.itemsBegun;
    if (Number.isNaN(watched.since) || isOther || isImported !== watched.isImported) {
      watched.since = now;
      watched.itemsBegun = itemsBegun;
      watched.isImported = isImported;
    }
    const allowance = isImported ? 0 : importAllowanceMs;
    return now - watched.since > entry.limits.timeoutMs + allowance;
  }
}
