// Gives tasks to workers and results to those who asked. Who the workers are is supervisor.ts, what failure costs outcomes.ts.
import type { EncodedMessage } from '../channel/ring-writer.js';
import type { ExitStatus } from '../process/exit-status.js';
import type { PoolWorker, UnstartedTask, WorkerResult } from './backend.js';
import { Backlog } from './backlog.js';
import { Balancer } from './balancer.js';
import type { Attempt, Chunk, Feed, ResultSink, TaskEntry } from './calls.js';
import { Crew, type CrewMember } from './crew.js';
import type { DispatcherHooks } from './dispatcher-hooks.js';
import { argumentsLostError, lostError, timeoutError, unsendable } from './failures.js';
import { Feeds } from './feeds.js';
import { LateResults } from './late-results.js';
import { isTask, taskMessageType } from './messages.js';
import { firstAttempt, Outcomes } from './outcomes.js';
import { TaskNumbers } from './task-numbers.js';
import { TaskTable } from './task-table.js';
import { TimeLimits } from './time-limits.js';

export class Dispatcher {
  readonly crew: Crew;
  readonly numbers = new TaskNumbers();
  readonly outcomes: Outcomes;
  readonly #hooks: DispatcherHooks;
  readonly #balancer: Balancer;
  readonly #lateResults: LateResults;
  readonly #timeLimits: TimeLimits;
  readonly #table = new TaskTable();
  readonly #feeds = new Feeds();
  readonly #backlog = new Backlog();
  #pumping = false;
  #pumpWanted = false;

  constructor(concurrency: number, hooks: DispatcherHooks) {
    this.crew = new Crew(concurrency);
    this.#balancer = new Balancer(this.crew, (member, most) => {
      this.#putBack(member, member.worker.takeBack(most), true);
      this.pump();
      // It may have thought that it would tell of a result together with one that it has no longer.
      hooks.settleArrived();
    });
    this.#lateResults = new LateResults(this.crew, () => hooks.settleArrived());
    this.outcomes = new Outcomes((entry, attempt) => this.#runAgain(entry, attempt));
    this.#timeLimits = new TimeLimits(concurrency, {
      settleArrived: () => hooks.settleArrived(),
      onExpired: (member, entry) => this.#expire(member, entry),
    });
    this.#hooks = hooks;
  }

  /** Whether somebody waits for anything. */
  get isAwaited(): boolean {
    return this.#table.size > 0 || this.#feeds.isAwaited;
  }

  /** Whether everything that was accepted is done. */
  get isDone(): boolean {
    return this.#table.size === 0 && this.#feeds.size === 0;
  }

  get unsettled(): number {
    return this.#table.size;
  }

  get waiting(): number {
    return this.#backlog.length;
  }

  /** One task, now or when a worker is free. Throws, with nothing done, if the value cannot be encoded. */
  submit(chunk: Chunk, sink: ResultSink): void {
    const entry = this.#table.add(sink, chunk, firstAttempt(chunk));
    try {
      this.#giveOrKeep(entry, chunk.value, this.waiting === 0 ? this.crew.pick() : undefined);
    } catch (error) {
      this.#table.delete(entry);
      throw unsendable(error, chunk);
    }
    this.#hooks.onProgress();
  }

  /** A source of tasks, drawn from as workers become free. */
  addFeed(feed: Feed): void {
    this.#feeds.add(feed);
    this.pump();
  }

  /** Gives out what can be given out: what waits first, then the feeds in turn. */
  pump(): void {
    // An input that is being read may use this very pool.
    this.#pumpWanted = true;
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#pumpWanted) {
        this.#pumpWanted = false;
        this.#giveOut();
      }
    } finally {
      this.#pumping = false;
    }
    this.#watch();
    this.#hooks.onProgress();
  }

  // What was given out may turn out to be badly shared, or told of late.
  #watch(): void {
    this.#balancer.watch();
    this.#lateResults.watch();
  }

  #giveOut(): void {
    while (this.waiting > 0) {
      const member = this.crew.pick();
      if (member === undefined) break;
      this.#giveWaiting(member);
    }
    this.#feeds.drawInTurn((feed) => this.#pumpFeed(feed));
  }

  /** A message from a worker. */
  settle(member: CrewMember, result: WorkerResult): void {
    const entry = this.#table.get(result.id);
    if (entry === undefined || entry.worker !== member.index) return;
    this.#forget(entry, member.worker);
    this.crew.giveBack(member);
    member.completed++;
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
    this.#hooks.settleArrived();
    for (const entry of this.#table.ofSink(sink)) {
      this.#giveUp(entry);
      this.outcomes.fail(entry, error);
    }
    const isFeed = this.#feeds.delete(sink as Feed);
    if (isFeed) sink.onFailure(-1, error);
    this.pump();
  }

  /** The worker is dead and its results are settled: what it had begun is lost. The rest waits for `reclaim`. */
  loseBegun(member: CrewMember, status: ExitStatus): void {
    this.crew.remove(member.index);
    for (const entry of this.#table.ofWorker(member.index)) {
      if (member.worker.hasBegun(entry.mark)) this.#lose(member, entry, status);
    }
    this.pump();
  }

  /** What a dead worker had not begun goes to the others, before all that waits. */
  reclaim(member: CrewMember, unstarted: UnstartedTask[], status: ExitStatus): void {
    this.#putBack(member, unstarted, false);
    // Given to it and not in its ring any more: it died while it took the arguments, or broke its own ring.
    for (const entry of this.#table.ofWorker(member.index)) this.#lose(member, entry, status);
    this.pump();
  }

  #lose(member: CrewMember, entry: TaskEntry, status: ExitStatus): void {
    this.#forget(entry);
    const reference = this.numbers.referenceOf(entry.taskNumber);
    this.outcomes.lose(entry, () => lostError(member.worker, entry, { reference, status }));
  }

  #expire(member: CrewMember, entry: TaskEntry): void {
    const error = timeoutError(member.worker, entry, this.numbers.referenceOf(entry.taskNumber));
    this.#giveUp(entry);
    this.outcomes.expire(entry, error);
    this.pump();
  }

  // Whatever becomes of it: nobody waits for it any more. A function that runs can only be stopped with its process.
  #giveUp(entry: TaskEntry): void {
    this.#forget(entry);
    const message = this.#backlog.withdraw(entry);
    if (message !== undefined) this.#hooks.discard(message);
    const member = this.crew.get(entry.worker);
    if (member === undefined) return;
    const unstarted = member.worker.takeBack(Infinity);
    const hasBegun = !unstarted.some(({ id, type }) => id === entry.id && isTask(type));
    if (hasBegun) this.crew.remove(member.index);
    this.#putBack(member, unstarted, true);
    if (hasBegun) this.#hooks.dismiss(member, () => this.#table.ofWorker(member.index).length > 0);
  }

  #runAgain({ sink }: TaskEntry, again: Attempt): void {
    const entry = this.#table.add(sink, again.chunk, again);
    try {
      this.#backlog.push(entry, this.#hooks.encode(again.chunk.value));
    } catch (error) {
      this.#table.delete(entry);
      sink.onFailure(entry.index, unsendable(error, again.chunk));
    }
  }

  #forget(entry: TaskEntry, ran?: PoolWorker): void {
    this.#table.delete(entry);
    if (entry.type !== taskMessageType.apply) this.#feeds.noteSettled(entry, ran?.meanTaskUs);
    if (entry.limits.timeoutMs > 0) this.#timeLimits.forget(entry);
  }

  // What tells a worker of a task may be among what was taken, while tasks behind that are still its own: it is told
  // again, in case that it could not read it in passing (worker-loop.ts).
  #putBack(member: CrewMember, unstarted: UnstartedTask[], isAlive: boolean): void {
    const again: TaskEntry[] = [];
    for (const { id, type, taskNumber, message } of unstarted) {
      if (type === taskMessageType.define && isAlive) this.numbers.tell(member, taskNumber);
      if (isTask(type)) this.crew.giveBack(member);
      const entry = isTask(type) ? this.#table.get(id) : undefined;
      if (entry === undefined || entry.worker !== member.index) {
        if (message !== null) this.#hooks.discard(message);
        continue;
      }
      if (message === null) {
        this.#forget(entry);
        this.outcomes.lose(entry, () => argumentsLostError(this.numbers.referenceOf(taskNumber)));
        continue;
      }
      entry.worker = -1;
      this.#timeLimits.forget(entry);
      entry.message = message;
      again.push(entry);
    }
    this.crew.passOver(member);
    this.#backlog.unshift(again);
  }

  /** Settles everything with the same error: nothing stays pending. */
  failAll(error: unknown): void {
    for (const message of this.#backlog.takeAll()) this.#hooks.discard(message);
    const entries = this.#table.all();
    for (const entry of entries) this.#forget(entry);
    for (const entry of entries) entry.sink.onFailure(entry.index, error);
    this.#feeds.failAll(error);
    this.#hooks.onProgress();
  }

  #give(member: CrewMember, entry: TaskEntry, value: readonly unknown[]): EncodedMessage | null {
    if (!this.numbers.define(member, entry.taskNumber)) return this.#hooks.encode(value);
    const { worker } = member;
    const head = { type: entry.type, id: entry.id, extra: entry.taskNumber, isList: true };
    const unsent = worker.give(head, value);
    if (unsent === null) this.#hold(member, entry);
    return unsent;
  }

  #giveOrKeep(entry: TaskEntry, value: readonly unknown[], member: CrewMember | undefined): void {
    const unsent = member === undefined ? this.#hooks.encode(value) : this.#give(member, entry, value);
    if (unsent !== null) this.#backlog.push(entry, unsent);
    // Its ring is full, maybe of what was taken back from it: others may have room.
    if (unsent !== null && member !== undefined) this.pump();
    else this.#watch();
  }

  // Where its ring is full, the worker has no room from now on, until it tells that there is some.
  #giveWaiting(member: CrewMember): void {
    const entry = this.#backlog.peek() as TaskEntry;
    if (!this.numbers.define(member, entry.taskNumber)) return;
    const head = { type: entry.type, id: entry.id, extra: entry.taskNumber };
    const message = entry.message as EncodedMessage;
    while (!member.worker.giveEncoded(head, message)) if (!member.worker.wantRoom(message)) return;
    this.#hold(member, entry);
    this.#backlog.shift();
  }

  // True if the feed gave a chunk to a worker.
  #pumpFeed(feed: Feed): boolean {
    const mayGive = this.waiting === 0 && this.#feeds.mayHaveMore(feed, this.crew.slots);
    const picked = mayGive ? this.crew.pick(this.#feeds.isKnown(feed)) : undefined;
    const chunk = picked === undefined ? null : feed.next();
    // The input that was read may have ended the call, or the pool.
    const isWanted = this.#feeds.has(feed);
    if (feed.isExhausted) this.#feeds.delete(feed);
    if (chunk === null || picked === undefined || !isWanted) return false;
    const member = this.crew.has(picked) ? picked : undefined;
    const entry = this.#table.add(feed, chunk, firstAttempt(chunk));
    try {
      this.#giveOrKeep(entry, chunk.value, member);
      this.#feeds.noteGiven(feed, chunk);
    } catch (error) {
      this.#table.delete(entry);
      feed.onFailure(chunk.index, unsendable(error, chunk));
    }
    return true;
  }

  #hold(member: CrewMember, entry: TaskEntry): void {
    entry.worker = member.index;
    entry.mark = member.worker.mark;
    this.crew.take(member);
    if (entry.limits.timeoutMs > 0) this.#timeLimits.watch(member, entry);
  }
}
