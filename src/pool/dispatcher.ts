// Follows tasks from their call to their end: gives them out (placement.ts), gives results to those who asked, takes back what
// a worker shall not or cannot do. The supervisor tells it of workers, and is told of those that run what nobody wants any more.
import { member as membership } from '../family/membership.js';
import type { ExitStatus } from '../process/exit-status.js';
import type { PoolWorker, UnstartedTask, WorkerResult } from './backend.js';
import { Balancer } from './balancer.js';
import type { Chunk, Feed, ResultSink, TaskEntry } from './calls.js';
import type { CrewMember } from './crew.js';
import { argumentsLostError, lostError, startTimeoutError, timeoutError } from './failures.js';
import { LateResults } from './late-results.js';
import { isTask, taskMessageType } from './messages.js';
import { Outcomes } from './outcomes.js';
import { Placement } from './placement.js';
import { type Overdue, StartLimit } from './start-limit.js';
import type { TaskNumbers } from './task-numbers.js';
import { TimeLimits } from './time-limits.js';
import { discardMessage } from './waiting-messages.js';
import { Withdrawals } from './withdrawals.js';

export interface DispatcherOptions {
  readonly concurrency: number;
  /** For how long calls with a time limit wait for the first worker, beyond that limit; 0: for ever. */
  readonly startTimeoutMs: number;
}

export interface DispatcherEvents {
  /** A worker runs what nobody wants any more: to be ended once `isNeeded` says no, and replaced now. */
  onUnwanted(member: CrewMember, isNeeded: () => boolean): void;
  /** `isAwaited` or `isDone` may have changed. */
  onProgress(): void;
}

export class Dispatcher {
  readonly outcomes: Outcomes;
  readonly #events: DispatcherEvents;
  readonly #placement: Placement;
  readonly #balancer: Balancer;
  readonly #lateResults: LateResults;
  readonly #timeLimits: TimeLimits;
  readonly #startLimit: StartLimit;
  readonly #withdrawals: Withdrawals;

  constructor(options: DispatcherOptions, events: DispatcherEvents) {
    const { concurrency, startTimeoutMs } = options;
    this.#events = events;
    this.#placement = new Placement(concurrency, {
      onGiven: (member, entry) => this.#timeLimits.watch(member, entry),
      onGivenOut: () => this.#watch(),
      onProgress: events.onProgress,
    });
    const { crew } = this.#placement;
    this.#balancer = new Balancer(crew, (member, most) => {
      this.#putBack(member, member.worker.takeBack(most), true);
      this.pump();
      // It may have thought that it would tell of a result together with one that it has no longer.
      lookForResults();
    });
    this.#lateResults = new LateResults(crew, lookForResults);
    this.outcomes = new Outcomes((entry, attempt) => this.#placement.retry(entry, attempt));
    this.#timeLimits = new TimeLimits(concurrency, {
      settleArrived,
      onExpired: (member, entry) => this.#expire(member, entry),
    });
    this.#startLimit = new StartLimit(this.#placement, startTimeoutMs, (call) => this.#giveUpStart(call));
    this.#withdrawals = new Withdrawals((members) => {
      for (const member of members) if (crew.has(member)) this.#withdraw(member);
      this.pump();
    });
  }

  /** Whether somebody waits for anything. */
  get isAwaited(): boolean {
    return this.#placement.table.unsettled > 0 || this.#placement.feeds.isAwaited;
  }

  /** Whether everything that was accepted is done. */
  get isDone(): boolean {
    return this.#placement.table.unsettled === 0 && this.#placement.feeds.size === 0;
  }

  get unsettled(): number {
    return this.#placement.table.unsettled;
  }

  get waiting(): number {
    return this.#placement.backlog.length;
  }

  /** Whether the workers have work at hand for so many processors. */
  keepsBusy(processors: number): boolean {
    return this.#placement.crew.keepsBusy(processors);
  }

  get numbers(): TaskNumbers {
    return this.#placement.numbers;
  }

  submit(chunk: Chunk, sink: ResultSink): void {
    this.#placement.submit(chunk, sink);
  }

  addFeed(feed: Feed): void {
    this.#placement.addFeed(feed);
  }

  pump(): void {
    this.#placement.pump();
  }

  readAhead(): void {
    this.#placement.readAhead();
  }

  // What was given out may turn out to be badly shared, or told of late.
  #watch(): void {
    this.#balancer.watch();
    this.#lateResults.watch();
    this.#startLimit.watch();
  }

  /** A worker has been started, and may be given what it can run at a time. */
  expect(index: number, worker: PoolWorker): CrewMember {
    return this.#placement.crew.expect(index, worker);
  }

  /** It is ready. */
  welcome(member: CrewMember): void {
    this.#placement.crew.welcome(member);
    this.pump();
  }

  /** All its results that have arrived are settled. */
  onDrained(member: CrewMember): void {
    this.#placement.crew.updateCredit(member);
    this.pump();
  }

  /** A message from a worker. */
  settle(member: CrewMember, result: WorkerResult): void {
    const entry = this.#placement.table.get(result.id);
    if (entry === undefined || entry.worker !== member) return;
    const { isSettled } = entry;
    this.#forget(entry, member.worker);
    this.#placement.crew.giveBack(member);
    member.completed++;
    if (isSettled) return;
    let value: unknown;
    try {
      value = result.decode();
    } catch (error) {
      this.outcomes.fail(entry, error);
      return;
    }
    this.outcomes.deliver(entry, result.type, value);
  }

  /** The call is over: it fails with this error, and workers that run tasks of it are dismissed. */
  cancel(sink: ResultSink, error: unknown): void {
    // A result that is here already is no reason to end a worker.
    if (!this.#withdrawals.isUnderWay) settleArrived();
    for (const entry of sink.tasks()) {
      this.#giveUp(entry);
      this.outcomes.fail(entry, error);
    }
    const isFeed = this.#placement.feeds.delete(sink as Feed);
    if (isFeed) sink.onFailure(-1, error);
    if (!this.#withdrawals.isUnderWay) this.pump();
  }

  /** The worker is dead and its results are settled: what it had begun is lost. The rest waits for `reclaim`. */
  loseBegun(member: CrewMember, status: ExitStatus): void {
    this.#placement.crew.remove(member);
    for (const entry of member.tasks.all()) {
      if (member.worker.hasBegun(entry.mark)) this.#lose(member, entry, status);
    }
    this.pump();
  }

  /** What a dead worker had not begun goes to the others, before all that waits. */
  reclaim(member: CrewMember, unstarted: UnstartedTask[], status: ExitStatus): void {
    this.#putBack(member, unstarted, false);
    // Given to it and not in its ring any more: it died while it took the arguments, or broke its own ring.
    for (const entry of member.tasks.all()) this.#lose(member, entry, status);
    this.pump();
  }

  #lose(member: CrewMember, entry: TaskEntry, status: ExitStatus): void {
    const { isSettled } = entry;
    this.#forget(entry);
    if (isSettled) return;
    const reference = this.numbers.referenceOf(entry.taskNumber);
    this.outcomes.lose(entry, () => lostError(member.worker, entry, { reference, status }));
  }

  #expire(member: CrewMember, entry: TaskEntry): void {
    const error = timeoutError(member.worker, entry, this.numbers.referenceOf(entry.taskNumber));
    this.#giveUp(entry);
    this.outcomes.expire(entry, error);
  }

  #giveUpStart({ sink, taskNumber, timeoutMs }: Overdue): void {
    this.cancel(sink, startTimeoutError(this.numbers.referenceOf(taskNumber), timeoutMs));
  }

  // Whatever becomes of it: nobody waits for it any more. A worker that has it is asked for it presently, with others.
  #giveUp(entry: TaskEntry): void {
    const { worker } = entry;
    if (worker === undefined) {
      const message = this.#placement.backlog.withdraw(entry);
      if (message !== undefined) discardMessage(message);
      this.#forget(entry);
      return;
    }
    this.#placement.table.settle(entry);
    this.#noteSettled(entry);
    this.#withdrawals.add(worker);
  }

  // Takes back all that the worker has not begun. What is left of what nobody wants it is running: a function that runs can
  // only be stopped with its process.
  #withdraw(member: CrewMember): void {
    this.#putBack(member, member.worker.takeBack(Infinity), true);
    if (!member.tasks.all().some(({ isSettled }) => isSettled)) return;
    this.#placement.crew.remove(member);
    this.#events.onUnwanted(member, () => member.tasks.all().some(({ isSettled }) => !isSettled));
  }

  // No worker has it any more.
  #forget(entry: TaskEntry, ran?: PoolWorker): void {
    this.#leaveWorker(entry);
    if (!entry.isSettled) this.#noteSettled(entry, ran);
    this.#placement.table.delete(entry);
  }

  #noteSettled(entry: TaskEntry, ran?: PoolWorker): void {
    if (entry.type !== taskMessageType.apply) this.#placement.feeds.noteSettled(entry, ran?.meanTaskUs);
    this.#timeLimits.forget(entry);
  }

  #leaveWorker(entry: TaskEntry): void {
    entry.worker?.tasks.remove(entry);
    entry.worker = undefined;
  }

  // What tells a worker of a task may be among what was taken, while tasks behind that are still its own: it is told
  // again, in case that it could not read it in passing (worker-loop.ts).
  #putBack(member: CrewMember, unstarted: UnstartedTask[], isAlive: boolean): void {
    const again: TaskEntry[] = [];
    for (const { id, type, taskNumber, message } of unstarted) {
      if (type === taskMessageType.define && isAlive) this.numbers.tell(member, taskNumber);
      if (isTask(type)) this.#placement.crew.giveBack(member);
      const entry = isTask(type) ? this.#placement.table.get(id) : undefined;
      const isHere = entry !== undefined && entry.worker === member;
      if (isHere && message !== null && !entry.isSettled) {
        this.#timeLimits.forget(entry);
        this.#leaveWorker(entry);
        entry.message = message;
        again.push(entry);
        continue;
      }
      if (message !== null) discardMessage(message);
      if (!isHere) continue;
      const { isSettled } = entry;
      this.#forget(entry);
      if (!isSettled)
        this.outcomes.lose(entry, () => argumentsLostError(this.numbers.referenceOf(taskNumber)));
    }
    this.#placement.crew.passOver(member);
    this.#placement.backlog.unshift(again);
  }

  /** Settles everything with the same error: nothing stays pending. */
  failAll(error: unknown): void {
    for (const message of this.#placement.backlog.takeAll()) discardMessage(message);
    const entries = this.#placement.table.all().filter(({ isSettled }) => !isSettled);
    for (const entry of entries) this.#forget(entry);
    for (const entry of entries) entry.sink.onFailure(entry.index, error);
    this.#placement.feeds.failAll(error);
    this.#events.onProgress();
  }
}

// All that has arrived, at once: before something is given up.
function settleArrived(): void {
  membership().bell.drainNow();
}

// As if the bell had rung: by slices.
function lookForResults(): void {
  membership().bell.onRing();
}
