// One fork server, as the process sees it that started it. What to do when it refuses or dies is fork-desk.ts; what it
// does itself, ../../forking/serve.ts and native/forking/.

import type { ChildProcess } from 'node:child_process';
import { member } from '../../family/membership.js';
import type { Refusal } from '../../forking/serve.js';
import { type ForkReply, forkReplyKind, type WatchHandle } from '../../native/contract-forking.js';
import { isStopped } from '../../system/process-stat.js';
import { type Settleable, settleable } from '../../util/settleable.js';
import type { ForkOrder } from './fork-order.js';
import { ForkedProcess, type ServerLink } from './forked-process.js';
import type { ServerFlags } from './node-flags.js';
import { serverPoolThreads, startServer } from './server-process.js';
import { Spares } from './spares.js';
import { watchStart } from './stalled-start.js';
import { forkRefused, preloadFailed } from './start-failed.js';

export interface ServerEvents {
  /** There is room for another order. */
  onRoom(): void;
  /** Nobody has begun it: it is to be asked for again. */
  onFailed(order: ForkOrder): void;
  /** It will serve nobody; `unanswered` are to be dealt with. */
  onRefused(refusal: Refusal, unanswered: ForkOrder[]): void;
  /** It is gone. Some of the unanswered may have been started: their places tell. */
  onDied(unanswered: ForkOrder[], end: ServerEnd): void;
}

export interface ServerEnd {
  readonly how: string;
  /** By SIGKILL: somebody's act, or the system's that is short of memory; not the server's fault. */
  readonly wasKilled: boolean;
  /** It could not have the threads that it needs: another one could neither. */
  readonly isStalled: boolean;
}

// More would wait in the socket anyway, with descriptors that this process could use.
const mostInFlight = 16;
const stopCheckMs = 500;

export class ForkServer implements ServerLink {
  readonly #events: ServerEvents;
  readonly #process: ChildProcess;
  readonly #control: number;
  readonly #watch: WatchHandle;
  readonly #spares: Spares;
  /** Spares that the server does not know to be taken. */
  #untold: number[] = [];
  #endStartWatch = (): void => {};
  #isStalled = false;
  readonly #inFlight = new Map<number, ForkOrder>();
  readonly #children = new Map<number, ForkedProcess>();
  #orders = 0;
  #holds = 0;
  #answers = 0;
  #stopCheck: NodeJS.Timeout | undefined;
  #refusal: Refusal | undefined;
  readonly #ready: Settleable<boolean> = settleable();
  isLost = false;

  /** Throws if there are no descriptors or processes for it. */
  constructor(flags: ServerFlags, preload: readonly string[], events: ServerEvents) {
    const { addon } = member();
    this.#events = events;
    const given: number[] = [];
    const undo: (() => void)[] = [];
    let lifelines: number[] = [];
    const connect = (): number => {
      const [ours, theirs] = addon.socketPair(true);
      undo.push(() => addon.closeFd(ours));
      given.push(theirs);
      return ours;
    };
    try {
      this.#control = connect();
      const watch = addon.watchFd(this.#control, () => this.#hear());
      // Which has the descriptor from now on.
      undo[0] = () => addon.stopWatch(watch);
      this.#watch = watch;
      this.#spares = new Spares(connect(), this, {
        onClaimed: (order, child) => this.#onClaimed(order, child),
        onFailed: (order) => this.#onSpareFailed(order),
      });
      const [arena, liveness, ...own] = addon.descriptors() as [number, number, ...number[]];
      lifelines = own;
      this.#process = startServer(flags, preload, { sockets: given, family: [arena, liveness], lifelines });
    } catch (error) {
      for (const step of undo) step();
      addon.armLifelines(lifelines, 0);
      throw error;
    } finally {
      for (const fd of given) addon.closeFd(fd);
    }
    addon.armLifelines(lifelines, this.#process.pid ?? 0);
    this.#process.unref();
    if (this.#process.pid !== undefined) {
      this.#endStartWatch = watchStart(this.#process.pid, serverPoolThreads, () => this.#onStalled());
    }
    this.#process.once('error', (error) =>
      this.#die({ how: error.message, wasKilled: false, isStalled: false }),
    );
    this.#process.once('exit', (code, signal) =>
      this.#die({
        how: this.#isStalled ? 'no thread for its first line' : (signal ?? `exit code ${code}`),
        wasKilled: signal === 'SIGKILL',
        isStalled: this.#isStalled,
      }),
    );
    if (this.#process.pid !== undefined) addon.addChild(this.#process.pid);
  }

  /** True once it serves; false if it has refused to, or died; rejects if it could not preload. */
  get ready(): Promise<boolean> {
    return this.#ready.promise;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Whether it has ever answered an order. */
  get hasServed(): boolean {
    return this.#answers > 0;
  }

  /** False: there is no room now; `onRoom` tells when there is. Throws what the system says of the order. */
  ask(order: ForkOrder): boolean {
    if (this.#askSpare(order)) return true;
    if (this.#inFlight.size >= mostInFlight) return false;
    const id = ++this.#orders;
    if (!order.askServer(this.#control, id)) return false;
    this.#inFlight.set(id, order);
    this.#watchForStops();
    return true;
  }

  /** Whether something is under way or alive here that will give descriptors back. */
  get isBusy(): boolean {
    return this.#inFlight.size > 0 || this.#children.size > 0;
  }

  hold(): void {
    if (this.#holds++ === 0) this.#keepAlive(true);
  }

  letGo(): void {
    if (--this.#holds === 0) this.#keepAlive(false);
  }

  forget(child: ForkedProcess): void {
    if (this.#children.get(child.pid) === child) this.#children.delete(child.pid);
    if (!this.isLost) this.#events.onRoom();
  }

  /** A process that claimed the place of an order before anything was heard of it. */
  adopt(order: ForkOrder): void {
    const { place } = order.request;
    const child = new ForkedProcess(place.claimedBy, -1, { link: this, place });
    order.fulfil(child);
    child.lostServer();
  }

  #askSpare(order: ForkOrder): boolean {
    const child = this.#spares.ask(order);
    if (child === undefined) return false;
    this.#children.set(child.pid, child);
    // Not now: the server, which is about to make another, would take this processor.
    if (this.#untold.length === 0) setImmediate(() => this.#tellTaken());
    this.#untold.push(child.pid);
    this.#watchForStops();
    return true;
  }

  #tellTaken(): void {
    if (this.isLost) return;
    this.#untold = this.#untold.filter((pid) => !member().addon.tellTaken(this.#control, pid));
  }

  #onClaimed(order: ForkOrder, child: ForkedProcess): void {
    this.#answers++;
    this.#endStopCheck();
    order.fulfil(child);
  }

  #onSpareFailed(order: ForkOrder): void {
    this.#endStopCheck();
    this.#events.onFailed(order);
  }

  #keepAlive(alive: boolean): void {
    member().addon.keepWatchAlive(this.#watch, alive);
  }

  readonly #hear = (): void => {
    const { addon } = member();
    while (!this.isLost) {
      const reply = addon.receiveForkReply(this.#control);
      if (reply === null) break;
      if (reply.kind === forkReplyKind.end) {
        // Its exit, which says more, is about to be told.
        addon.pauseWatch(this.#watch);
        if (this.#holds > 0) this.#process.ref();
        return;
      }
      this.#handle(reply);
    }
    if (this.#untold.length > 0) this.#tellTaken();
  };

  #handle({ kind, id, value, text, fds }: ForkReply): void {
    switch (kind) {
      case forkReplyKind.serving:
        return this.#ready.resolve(true);
      case forkReplyKind.forked:
        return this.#onForked(id, value, fds[0] ?? -1);
      case forkReplyKind.notForked:
        return this.#answer(id)?.fail(forkRefused(value));
      case forkReplyKind.ended:
        return this.#children.get(id)?.ended(value);
      case forkReplyKind.unfit:
        this.#refusal = JSON.parse(text) as Refusal;
    }
  }

  #onForked(id: number, pid: number, pidfd: number): void {
    const order = this.#answer(id);
    if (order === undefined) return;
    const child = new ForkedProcess(pid, pidfd, { link: this, place: order.request.place });
    this.#children.set(pid, child);
    order.fulfil(child);
    this.#events.onRoom();
  }

  #answer(id: number): ForkOrder | undefined {
    const order = this.#inFlight.get(id);
    this.#answers++;
    this.#inFlight.delete(id);
    this.#endStopCheck();
    return order;
  }

  #watchForStops(): void {
    this.#stopCheck ??= setInterval(() => this.#lookAgain(), stopCheckMs).unref();
  }

  #endStopCheck(): void {
    if (this.#inFlight.size > 0 || this.#spares.areAwaited) return;
    clearInterval(this.#stopCheck);
    this.#stopCheck = undefined;
  }

  // Whoever stopped it did not mean the starts; its children do not need it.
  #lookAgain(): void {
    if (this.#inFlight.size > 0 && this.pid !== undefined && isStopped(this.pid))
      this.#process.kill('SIGKILL');
    this.#spares.lookAgain();
  }

  #onStalled(): void {
    this.#isStalled = true;
    this.#process.kill('SIGKILL');
  }

  #die(end: ServerEnd): void {
    if (this.isLost) return;
    this.#endStartWatch();
    // What it said before it died counts.
    for (let reply = this.#lastWord(); reply !== null; reply = this.#lastWord()) this.#handle(reply);
    this.isLost = true;
    const { addon } = member();
    this.#process.kill('SIGKILL');
    addon.stopWatch(this.#watch);
    this.#spares.close();
    if (this.pid !== undefined) addon.forgetChild(this.pid);
    const unanswered = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#endStopCheck();
    for (const child of this.#children.values()) child.lostServer();
    this.#children.clear();
    if (this.#refusal?.kind === 'preload') this.#ready.reject(preloadFailed(this.#refusal));
    else this.#ready.resolve(false);
    if (this.#refusal === undefined) this.#events.onDied(unanswered, end);
    else this.#events.onRefused(this.#refusal, unanswered);
  }

  #lastWord(): ForkReply | null {
    const reply = member().addon.receiveForkReply(this.#control);
    return reply?.kind === forkReplyKind.end ? null : reply;
  }
}
