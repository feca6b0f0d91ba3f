// The workers of a pool as the dispatcher sees them: which has credit, and which one a task goes to.
// Starting and replacing them is supervisor.ts.
import type { PoolWorker } from './backend.js';
import { creditFor } from './credit.js';
import { TaskList } from './task-list.js';

// Waking a worker costs the pool some 50 microseconds, and takes its processor away where there are few. For 200 of work it
// was found to pay; with 50, sixteen workers on two processors did half as much.
const wakeUs = 200;
// With less than this at hand a worker is about to wait for the next message.
const busyUs = 100;

/** A worker that has tasks, or may be given some. */
export interface CrewMember {
  readonly index: number;
  readonly worker: PoolWorker;
  /** The tasks that it has. */
  readonly tasks: TaskList;
  /** Numbers of the tasks that it knows. */
  readonly defined: Set<number>;
  /** Of these, the ones whose modules it has imported. */
  readonly imported: Set<number>;
  /** False: it is still starting. */
  isReady: boolean;
  held: number;
  credit: number;
  /** As it was when the credit was measured. */
  meanTaskUs: number;
  completed: number;
}

export class Crew {
  readonly #members = new Map<number, CrewMember>();
  readonly #concurrency: number;
  #all: CrewMember[] = [];
  #ready: CrewMember[] = [];
  #next = 0;
  #latest: CrewMember | undefined;
  #current: CrewMember | undefined;
  #free = 0;
  #idle = 0;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** With those that are starting. */
  get members(): readonly CrewMember[] {
    return this.#all;
  }

  /** Whether so many workers have work at hand that keeps them busy. */
  keepsBusy(processors: number): boolean {
    let busy = 0;
    for (const { held, meanTaskUs } of this.#ready) {
      if (held * meanTaskUs >= busyUs && ++busy >= processors) return true;
    }
    return false;
  }

  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /** Whether one that is ready has nothing to do. */
  get hasIdle(): boolean {
    return this.#idle > 0;
  }

  has(member: CrewMember): boolean {
    return this.#members.get(member.index) === member;
  }

  /** One that is starting: as long as no other is ready, it is given what it can run at a time, to begin with. */
  expect(index: number, worker: PoolWorker): CrewMember {
    const member: CrewMember = {
      index,
      worker,
      tasks: new TaskList(),
      defined: new Set(),
      imported: new Set(),
      isReady: false,
      held: 0,
      credit: creditFor(0, this.#concurrency),
      meanTaskUs: 0,
      completed: 0,
    };
    this.#members.set(index, member);
    this.#all = [...this.#members.values()];
    return member;
  }

  /** It is ready; unless it was removed meanwhile, for what one of its tasks did before that was heard of. */
  welcome(member: CrewMember): void {
    if (!this.has(member)) return;
    member.isReady = true;
    this.#ready.push(member);
    this.#free += Math.max(0, member.credit - member.held);
    if (member.held === 0) this.#idle++;
  }

  remove(member: CrewMember): void {
    if (!this.#members.delete(member.index)) return;
    this.#all = [...this.#members.values()];
    if (!member.isReady) return;
    this.#free -= Math.max(0, member.credit - member.held);
    if (member.held === 0) this.#idle--;
    this.#ready = this.#ready.filter((other) => other !== member);
  }

  /** How many tasks can run at a time, when all have started. */
  get slots(): number {
    return this.#all.length * this.#concurrency;
  }

  /**
   * The next worker with credit and room: the one that got the last task, until it has work enough to be worth
   * another; then an idle one if there is one, the last that became idle first; else in turn. A task of which
   * nothing is known is always worth another worker.
   */
  pick(isKnown = true): CrewMember | undefined {
    if (this.#ready.length === 0) return this.#pickStarting();
    if (this.#free <= 0) return undefined;
    const current = this.#current;
    if (isKnown && current !== undefined && this.#shouldHaveMore(current)) return current;
    this.#current = this.#pickAnother();
    return this.#current;
  }

  #pickStarting(): CrewMember | undefined {
    let least: CrewMember | undefined;
    for (const member of this.#all) {
      if (member.held >= member.credit || !member.worker.hasRoom) continue;
      if (least === undefined || member.held < least.held) least = member;
    }
    return least;
  }

  #shouldHaveMore(member: CrewMember): boolean {
    const { held, credit, meanTaskUs, worker } = member;
    if (held === 0 || meanTaskUs === 0 || held * meanTaskUs >= wakeUs) return false;
    return held < credit && worker.hasRoom && this.has(member);
  }

  #pickAnother(): CrewMember | undefined {
    // It may still be awake, and has what it needs in the caches.
    const latest = this.#latest;
    if (latest?.held === 0 && latest.worker.hasRoom && this.has(latest)) return latest;
    const order = this.#ready;
    let fallback: CrewMember | undefined;
    for (let i = 0; i < order.length; i++) {
      const place = (this.#next + i) % order.length;
      const member = order[place] as CrewMember;
      if (member.held >= member.credit || !member.worker.hasRoom) continue;
      if (member.held === 0) {
        this.#next = place + 1;
        return member;
      }
      fallback ??= member;
      if (this.#idle === 0) break;
    }
    if (fallback !== undefined) this.#next = order.indexOf(fallback) + 1;
    return fallback;
  }

  /** What was taken back from it is for others, if there are any. */
  passOver(member: CrewMember): void {
    if (this.#current === member) this.#current = undefined;
    if (this.#latest === member) this.#latest = undefined;
    this.#next = this.#ready.indexOf(member) + 1;
  }

  take(member: CrewMember): void {
    if (this.#counts(member)) {
      if (member.held < member.credit) this.#free--;
      if (member.held === 0) this.#idle--;
    }
    member.held++;
  }

  giveBack(member: CrewMember): void {
    member.held--;
    if (member.held === 0) this.#latest = member;
    if (!this.#counts(member)) return;
    if (member.held < member.credit) this.#free++;
    if (member.held === 0) this.#idle++;
  }

  #counts(member: CrewMember): boolean {
    return member.isReady && this.has(member);
  }

  /** Follows the run time of the worker's tasks. */
  updateCredit(member: CrewMember): void {
    member.meanTaskUs = member.worker.meanTaskUs;
    const credit = creditFor(member.meanTaskUs, this.#concurrency);
    if (credit === member.credit || !this.#counts(member)) return;
    this.#free += Math.max(0, credit - member.held) - Math.max(0, member.credit - member.held);
    member.credit = credit;
  }
}
