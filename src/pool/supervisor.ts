// Keeps a pool's workers alive: starts them, replaces the dead within a budget, ends them. Settling what a dead worker
// held follows one order (README.md): results, what it had begun, the sweep, what it had not begun.
import { BrokenPoolError } from '../errors.js';
import { describeExit, type ExitStatus } from '../process/exit-status.js';
import type { PoolBackend, PoolWorker, WorkerResult } from './backend.js';
import type { CrewMember } from './crew.js';
import type { Dispatcher } from './dispatcher.js';
import { taskMessageType } from './messages.js';
import type { ResolvedPoolOptions } from './options.js';

/** From its start to its reclaim. */
interface Post {
  readonly index: number;
  readonly seat: number;
  worker: PoolWorker;
  member: CrewMember;
  status: ExitStatus | undefined;
  startFailed: boolean;
  closing: boolean;
  /** It is to end for what one of its tasks did; its successor has been started. */
  dismissed: boolean;
}

export interface SupervisorHooks {
  /** The pool cannot go on. */
  onBroken(error: BrokenPoolError): void;
  /** No worker is left, and none will be started. */
  onAllGone(): void;
}

const killAfterMs = 1000;
// How long a dismissed worker has to show that its event loop still serves its other tasks.
const signOfLifeMs = 200;

export class Supervisor {
  readonly #options: ResolvedPoolOptions;
  readonly #backend: PoolBackend;
  readonly #dispatcher: Dispatcher;
  readonly #hooks: SupervisorHooks;
  readonly #posts = new Map<number, Post>();
  #started = 0;
  #deathsInARow = 0;
  #replacing = true;
  restarts = 0;

  constructor(
    options: ResolvedPoolOptions,
    parts: { backend: PoolBackend; dispatcher: Dispatcher; hooks: SupervisorHooks },
  ) {
    this.#options = options;
    this.#backend = parts.backend;
    this.#dispatcher = parts.dispatcher;
    this.#hooks = parts.hooks;
  }

  get posts(): readonly Post[] {
    return [...this.#posts.values()];
  }

  /** Starts all workers. If one cannot be started, the others are ended and the error is thrown. */
  startAll(): void {
    try {
      for (let seat = 0; seat < this.#options.processes; seat++) this.#start(seat);
    } catch (error) {
      this.terminate();
      throw error;
    }
  }

  /** Lets the workers finish what they have and end. */
  close(): void {
    this.#replacing = false;
    for (const post of this.#posts.values()) this.#closePost(post);
    this.#reportAllGone();
  }

  /** Ends the workers at once: SIGTERM, and SIGKILL for those that do not heed it. */
  terminate(): void {
    this.#replacing = false;
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

  /** Starts a successor at once, and kills the worker as soon as its other tasks are done, or do not get on. */
  dismiss(index: number, isNeeded: () => boolean): void {
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
    this.restarts++;
    try {
      this.#start(post.seat);
    } catch (cause) {
      this.#break(`A dead worker could not be replaced: ${message(cause)}`, cause);
    }
  }

  #start(seat: number): void {
    const index = this.#started++;
    const post: Post = {
      index,
      seat,
      worker: undefined as unknown as PoolWorker,
      member: undefined as unknown as CrewMember,
      status: undefined,
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
        onDrained: () => this.#onDrained(post),
        onEnded: (status) => this.#onEnded(post, status),
        onReclaimed: (unstarted) => {
          this.#posts.delete(index);
          this.#dispatcher.reclaim(post.member, unstarted, status(post));
          this.#reportAllGone();
        },
      },
    );
    post.member = this.#dispatcher.crew.expect(index, post.worker);
    this.#posts.set(index, post);
  }

  #onReady(post: Post): void {
    if (post.closing) return;
    this.#dispatcher.crew.welcome(post.member);
    this.#dispatcher.pump();
  }

  #onResult(post: Post, result: WorkerResult): void {
    this.#deathsInARow = 0;
    this.#dispatcher.settle(post.member, result);
  }

  #onDrained(post: Post): void {
    this.#dispatcher.crew.updateCredit(post.member);
    this.#dispatcher.pump();
  }

  #onStartFailed(post: Post, what: string, cause: unknown): void {
    post.startFailed = true;
    if (post.worker?.pid == null) this.#posts.delete(post.index);
    this.#break(`${what}: ${message(cause)}`, cause);
    this.#reportAllGone();
  }

  #onEnded(post: Post, ended: ExitStatus): void {
    post.status = ended;
    this.#dispatcher.loseBegun(post.member, ended);
    if (post.closing || post.startFailed || post.dismissed || !this.#replacing) return;
    this.#deathsInARow++;
    if (this.#deathsInARow > this.#options.restartBudget) {
      const { restartBudget } = this.#options;
      this.#break(
        `The pool gave up: ${this.#deathsInARow} workers died in a row without one result, the last with ` +
          `${describeExit(ended)} (restartBudget is ${restartBudget}).`,
      );
      return;
    }
    this.#replace(post);
  }

  #break(text: string, cause?: unknown): void {
    if (!this.#replacing) return;
    this.terminate();
    this.#hooks.onBroken(new BrokenPoolError(text, { cause }));
  }

  #closePost(post: Post): void {
    if (post.closing || post.status !== undefined) return;
    post.closing = true;
    post.worker.send({ type: taskMessageType.close, id: 0, extra: 0 }, null);
  }

  #reportAllGone(): void {
    if (!this.#replacing && this.#posts.size === 0) this.#hooks.onAllGone();
  }
}

function status(post: Post): ExitStatus {
  return post.status ?? { code: null, signal: null, reason: 'status-lost' };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
