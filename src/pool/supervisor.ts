// The engine of local processes: keeps the workers alive, starts them, replaces the dead within a budget, ends them, and tells
// the dispatcher of each. Settling what a dead worker held follows one order (ARCHITECTURE.md): results, what it had begun, the
// sweep, what it had not begun.
import { BrokenPoolError } from '../errors.js';
import { member } from '../family/membership.js';
import { describeExit, type ExitStatus } from '../process/exit-status.js';
import { isPassingFailure } from '../process/start-method/start-failed.js';
import { limitsOfStart } from '../system/shortage.js';
import type { TaskReference } from '../task/reference.js';
import type { PoolBackend, PoolWorker, WorkerResult } from './backend.js';
import type { Chunk, Feed, ResultSink } from './calls.js';
import type { CrewMember } from './crew.js';
import { Dispatcher } from './dispatcher.js';
import type { Engine, EngineEvents } from './engine.js';
import { taskMessageType } from './messages.js';
import type { ResolvedPoolOptions } from './options.js';
import { type EngineStatistics, statisticsOf } from './statistics.js';
import { Vacancies } from './vacancies.js';

/** From its start to its reclaim. */
interface Post {
  readonly index: number;
  readonly seat: number;
  worker: PoolWorker;
  member: CrewMember;
  status: ExitStatus | undefined;
  isReady: boolean;
  startFailed: boolean;
  closing: boolean;
  /** It is to end for what one of its tasks did; its successor has been started. */
  dismissed: boolean;
}

const killAfterMs = 1000;
// How long a dismissed worker has to show that its event loop still serves its other tasks.
const signOfLifeMs = 200;

export class Supervisor implements Engine {
  readonly #options: ResolvedPoolOptions;
  readonly #backend: PoolBackend;
  readonly #events: EngineEvents;
  readonly #dispatcher: Dispatcher;
  readonly #posts = new Map<number, Post>();
  #started = 0;
  #restarts = 0;
  readonly #endSpinning: () => void;
  #deathsInARow = 0;
  readonly #vacancies: Vacancies;
  #replacing = true;

  constructor(options: ResolvedPoolOptions, backend: PoolBackend, events: EngineEvents) {
    this.#options = options;
    this.#backend = backend;
    this.#events = events;
    this.#vacancies = new Vacancies((seat) => this.#refill(seat));
    this.#dispatcher = new Dispatcher(options, {
      onProgress: events.onProgress,
      onUnwanted: ({ index }, isNeeded) => this.#dismiss(index, isNeeded),
    });
    const { spin } = options;
    this.#endSpinning = member().bell.spin(spin, () => this.#dispatcher.keepsBusy(spin.members));
  }

  get isAwaited(): boolean {
    return this.#dispatcher.isAwaited;
  }

  get isDone(): boolean {
    return this.#dispatcher.isDone;
  }

  numberOf(reference: TaskReference): number {
    return this.#dispatcher.numbers.numberOf(reference);
  }

  submit(chunk: Chunk, sink: ResultSink): void {
    this.#dispatcher.submit(chunk, sink);
  }

  addFeed(feed: Feed): void {
    this.#dispatcher.addFeed(feed);
  }

  pump(): void {
    this.#dispatcher.pump();
  }

  readAhead(): void {
    this.#dispatcher.readAhead();
  }

  cancel(sink: ResultSink, error: unknown): void {
    this.#dispatcher.cancel(sink, error);
  }

  failAll(error: unknown): void {
    this.#dispatcher.failAll(error);
  }

  stats(): EngineStatistics {
    return statisticsOf(this.#dispatcher, [...this.#posts.values()], this.#restarts);
  }

  /** Starts all workers. If one cannot be started, the others are ended and the error is thrown. */
  startAll(): void {
    try {
      for (let seat = 0; seat < this.#options.processes; seat++) this.#fill(seat);
    } catch (error) {
      this.terminate();
      throw error;
    }
  }

  close(): void {
    this.#replacing = false;
    this.#vacancies.close();
    for (const post of this.#posts.values()) this.#closePost(post);
    this.#reportAllGone();
  }

  // SIGTERM, and SIGKILL for those that do not heed it.
  terminate(): void {
    this.#replacing = false;
    this.#vacancies.close();
    for (const post of this.#posts.values()) {
      post.closing = true;
      post.worker.signal(15);
    }
    const timer = setTimeout(() => {
      for (const post of this.#posts.values()) post.worker.signal(9);
    }, killAfterMs);
    timer.unref();
    this.#reportAllGone();
  }

  // Starts a successor at once, and kills the worker as soon as its other tasks are done, or do not get on.
  #dismiss(index: number, isNeeded: () => boolean): void {
    const post = this.#posts.get(index);
    if (post === undefined || post.dismissed || post.status !== undefined) return;
    post.dismissed = true;
    this.#killUnlessNeeded(post, isNeeded);
    if (!post.closing) this.#replace(post);
  }

  #killUnlessNeeded(post: Post, isNeeded: () => boolean): void {
    if (!isNeeded()) return post.worker.signal(9);
    const isAlive = post.worker.probe();
    setTimeout(() => {
      if (post.status !== undefined) return;
      if (isAlive()) this.#killUnlessNeeded(post, isNeeded);
      else post.worker.signal(9);
    }, signOfLifeMs).unref();
  }

  #replace(post: Post): void {
    this.#restarts++;
    this.#refill(post.seat);
  }

  #refill(seat: number): void {
    try {
      this.#fill(seat);
    } catch (cause) {
      this.#break(`A worker could not be replaced: ${message(cause)}`, cause);
    }
  }

  // The system may have no room for one more at present: then the pool goes on with those that it has.
  #fill(seat: number): void {
    try {
      this.#start(seat);
    } catch (error) {
      if (!isPassingFailure(error) || !this.#leaveVacant(seat)) throw error;
    }
  }

  #leaveVacant(seat: number): boolean {
    if (!this.#replacing) return false;
    const hasOthers = [...this.#posts.values()].some(
      ({ status, startFailed, dismissed }) => status === undefined && !startFailed && !dismissed,
    );
    return this.#vacancies.add(seat, hasOthers);
  }

  #start(seat: number): void {
    const index = this.#started++;
    const post: Post = {
      index,
      seat,
      worker: undefined as unknown as PoolWorker,
      member: undefined as unknown as CrewMember,
      status: undefined,
      isReady: false,
      startFailed: false,
      closing: false,
      dismissed: false,
    };
    const name = `${this.#options.name}-${index + 1}`;
    post.worker = this.#backend.start(
      { index: seat, name },
      {
        onReady: () => this.#onReady(post),
        onStartFailed: (error) =>
          this.#onStartFailed(post, 'A worker of the pool could not be started', error),
        onInitializerFailed: (error) =>
          this.#onStartFailed(post, 'The initializer failed in a worker', error),
        onResult: (result) => this.#onResult(post, result),
        onImported: (taskNumber) => post.member.imported.add(taskNumber),
        onDrained: () => this.#dispatcher.onDrained(post.member),
        onEnded: (status) => this.#onEnded(post, status),
        onReclaimed: (unstarted) => {
          this.#posts.delete(index);
          this.#dispatcher.reclaim(post.member, unstarted, status(post));
          this.#reportAllGone();
        },
      },
    );
    post.member = this.#dispatcher.expect(index, post.worker);
    this.#posts.set(index, post);
  }

  #onReady(post: Post): void {
    post.isReady = true;
    this.#vacancies.onStarted();
    if (!post.closing) this.#dispatcher.welcome(post.member);
  }

  #onResult(post: Post, result: WorkerResult): void {
    this.#deathsInARow = 0;
    this.#dispatcher.settle(post.member, result);
  }

  #onStartFailed(post: Post, what: string, cause: unknown): void {
    post.startFailed = true;
    const hasProcess = post.worker?.pid != null;
    if (!hasProcess) this.#posts.delete(post.index);
    if (hasProcess || !isPassingFailure(cause) || !this.#leaveVacant(post.seat)) {
      this.#break(`${what}: ${message(cause)}`, cause);
    } else {
      // It has read nothing, and never will.
      this.#dispatcher.loseBegun(post.member, status(post));
      this.#dispatcher.reclaim(post.member, post.worker.takeBack(Infinity), status(post));
    }
    this.#reportAllGone();
  }

  #onEnded(post: Post, ended: ExitStatus): void {
    post.status = ended;
    this.#dispatcher.loseBegun(post.member, ended);
    if (post.closing || post.startFailed || post.dismissed || !this.#replacing) return;
    // Node aborts, or does not get on, where it cannot have its threads.
    const shortOf = post.isReady ? '' : limitsOfStart();
    this.#deathsInARow++;
    if (shortOf !== '' && this.#leaveVacant(post.seat)) return;
    if (shortOf !== '' || this.#deathsInARow > this.#options.restartBudget) {
      const { restartBudget } = this.#options;
      this.#break(
        `The pool gave up: ${this.#deathsInARow} workers died in a row without one result, the last with ` +
          `${describeExit(ended)}${shortOf} (restartBudget is ${restartBudget}).`,
      );
      return;
    }
    this.#replace(post);
  }

  #break(text: string, cause?: unknown): void {
    if (!this.#replacing) return;
    this.terminate();
    this.#events.onBroken(new BrokenPoolError(text, { cause }));
  }

  #closePost(post: Post): void {
    if (post.closing || post.status !== undefined) return;
    post.closing = true;
    post.worker.send({ type: taskMessageType.close, id: 0, extra: 0 }, null);
  }

  #reportAllGone(): void {
    if (this.#replacing || this.#posts.size > 0) return;
    this.#endSpinning();
    this.#events.onAllGone();
  }
}

function status(post: Post): ExitStatus {
  return post.status ?? { code: null, signal: null, reason: 'status-lost' };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
