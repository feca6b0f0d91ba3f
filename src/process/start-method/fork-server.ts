// One fork server, as the process sees it that started it. What to do when it refuses or dies is fork-desk.ts; what it
// does itself, ../../forking/serve.ts and native/forking/.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { member } from '../../family/membership.js';
import type { Refusal, ServerSetup } from '../../forking/serve.js';
import { moduleUrl } from '../../location.js';
import { type ForkReply, forkReplyKind, type WatchHandle } from '../../native/contract-forking.js';
import { type Settleable, settleable } from '../../util/settleable.js';
import { invitationVariable, type ServerInvitation } from '../bootstrap.js';
import type { ForkOrder } from './fork-order.js';
import { ForkedProcess, type ServerLink } from './forked-process.js';
import type { ServerFlags } from './node-flags.js';
import { forkRefused, preloadFailed } from './start-failed.js';

export interface ServerEvents {
  /** There is room for another order. */
  onRoom(): void;
  /** It will serve nobody; `unanswered` are to be dealt with. */
  onRefused(refusal: Refusal, unanswered: ForkOrder[]): void;
  /** It is gone. Some of the unanswered may have been started: their places tell. */
  onDied(unanswered: ForkOrder[], end: ServerEnd): void;
}

export interface ServerEnd {
  readonly how: string;
  /** By SIGKILL: somebody's act, or the system's that is short of memory; not the server's fault. */
  readonly wasKilled: boolean;
}

// More would wait in the socket anyway, with descriptors that this process could use.
const mostInFlight = 16;
const stopCheckMs = 500;

const entry = fileURLToPath(moduleUrl('entry/forkserver.js'));
// Nothing of V8's may be under way on a thread when it forks. Not --single-threaded, whose --no-wasm-async-compilation makes
// Node throw away its compiled code: 9 ms of its start. 0 threads would mean as many as there are processors.
const singleThreaded = ['--v8-pool-size=1', '--single-threaded-gc', '--no-concurrent-recompilation'];

export class ForkServer implements ServerLink {
  readonly #events: ServerEvents;
  readonly #process: ChildProcess;
  readonly #control: number;
  readonly #watch: WatchHandle;
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
    const [ours, theirs] = addon.socketPair(true);
    this.#control = ours;
    let watch: WatchHandle | undefined;
    let descriptors: number[] = [];
    try {
      watch = addon.watchFd(ours, () => this.#hear());
      this.#watch = watch;
      descriptors = addon.descriptors();
      this.#process = start(flags, preload, [theirs, ...descriptors]);
    } catch (error) {
      if (watch === undefined) addon.closeFd(ours);
      else addon.stopWatch(watch);
      addon.armLifelines(descriptors.slice(2), 0);
      throw error;
    } finally {
      addon.closeFd(theirs);
    }
    addon.armLifelines(descriptors.slice(2), this.#process.pid ?? 0);
    this.#process.unref();
    this.#process.once('error', (error) => this.#die({ how: error.message, wasKilled: false }));
    this.#process.once('exit', (code, signal) =>
      this.#die({ how: signal ?? `exit code ${code}`, wasKilled: signal === 'SIGKILL' }),
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
    if (this.#inFlight.size >= mostInFlight) return false;
    const id = ++this.#orders;
    if (!order.send(this.#control, id)) return false;
    this.#inFlight.set(id, order);
    this.#stopCheck ??= setInterval(() => this.#killIfStopped(), stopCheckMs).unref();
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

  #keepAlive(alive: boolean): void {
    member().addon.keepWatchAlive(this.#watch, alive);
  }

  readonly #hear = (): void => {
    const { addon } = member();
    while (!this.isLost) {
      const reply = addon.receiveForkReply(this.#control);
      if (reply === null) return;
      if (reply.kind === forkReplyKind.end) {
        // Its exit, which says more, is about to be told.
        addon.pauseWatch(this.#watch);
        if (this.#holds > 0) this.#process.ref();
        return;
      }
      this.#handle(reply);
    }
  };

  #handle({ kind, id, value, text, fd }: ForkReply): void {
    switch (kind) {
      case forkReplyKind.serving:
        return this.#ready.resolve(true);
      case forkReplyKind.forked:
        return this.#onForked(id, value, fd);
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
    if (this.#inFlight.size === 0) this.#forgetStopCheck();
    return order;
  }

  #forgetStopCheck(): void {
    clearInterval(this.#stopCheck);
    this.#stopCheck = undefined;
  }

  // Whoever stopped it did not mean the starts; its children do not need it.
  #killIfStopped(): void {
    if (this.pid !== undefined && /^[Tt]$/.test(stateOf(this.pid))) this.#process.kill('SIGKILL');
  }

  #die(end: ServerEnd): void {
    if (this.isLost) return;
    // What it said before it died counts.
    for (let reply = this.#lastWord(); reply !== null; reply = this.#lastWord()) this.#handle(reply);
    this.isLost = true;
    const { addon } = member();
    this.#process.kill('SIGKILL');
    this.#forgetStopCheck();
    addon.stopWatch(this.#watch);
    if (this.pid !== undefined) addon.forgetChild(this.pid);
    const unanswered = [...this.#inFlight.values()];
    this.#inFlight.clear();
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

function start(flags: ServerFlags, preload: readonly string[], descriptors: number[]): ChildProcess {
  const setup: ServerSetup = {
    control: 3,
    lifelines: descriptors.slice(3).map((_, index) => 6 + index),
    requires: flags.requires,
    imports: flags.imports,
    preload,
  };
  const invitation: ServerInvitation = { server: setup, arena: 4, liveness: 5 };
  return spawn(process.execPath, [...flags.flags, ...singleThreaded, entry], {
    stdio: ['ignore', 'inherit', 'inherit', ...descriptors],
    env: {
      ...process.env,
      ...(process.env['NODE_OPTIONS'] === undefined ? {} : { NODE_OPTIONS: '' }),
      [invitationVariable]: JSON.stringify(invitation),
    },
  });
}

function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] as string;
  } catch {
    return '';
  }
}
