// Waiting for what there may be none of: by promise, by blocking, for so long. What it is that is waited for is the
// subclass's; who is woken is wait-room.ts. Nothing here polls, but for a look every 50 ms at last: a wake-up dies with the woken.
import { availableParallelism } from 'node:os';
import type { TimeoutError } from '../errors.js';
import { member } from '../family/membership.js';
import type { SyncShape } from '../memory/shared-blocks.js';
import { startTimer, timeoutError } from '../options/time-out.js';
import { type ResolvedWait, resolveWait, type WaitOptions } from '../options/wait-options.js';
import type { SharedBlock } from '../serialize/slabs.js';
import { onAbort } from '../util/on-abort.js';
import { blockFor } from './kinds.js';
import { WaitRoom } from './wait-room.js';

// Who was passed over for so long bars newcomers, and looks again after twice as long, and so on.
const patienceMs = 1;
const lookAgainMs = 50;
// Waking a sleeper takes longer than most critical sections.
const spinMs = 0.02;
const mostLooks = 50;
const spins = availableParallelism() > 1;

interface Waiter<Taken> {
  readonly resolve: (taken: Taken) => void;
  readonly leave: (error: unknown) => void;
  readonly want: number;
}

/** A block to wait at that is part of another: so many bytes into it. */
export interface RoomPlace {
  readonly block: SharedBlock;
  readonly place: number;
}

/** `Taken`: what one gets that waited, never undefined. */
export abstract class Waitable<Taken> {
  /** @internal */
  readonly block: SharedBlock;
  protected readonly room: WaitRoom;
  /** Whether it was somebody else who made it, and knows what is in it. */
  protected readonly isReceived: boolean;
  readonly #queue = new Set<Waiter<Taken>>();
  #timer: NodeJS.Timeout | undefined;
  #impatient = false;
  #keepsAlive = true;

  /** A block of its own, or a place in one that is there already. */
  protected constructor(shape: SyncShape | RoomPlace) {
    const isPlace = 'place' in shape;
    const { block, isReceived } = isPlace ? { ...shape, isReceived: true } : blockFor(this, shape);
    this.block = block;
    this.isReceived = isReceived;
    const serve = (): unknown => this.#serve(false);
    this.room = new WaitRoom(block, isPlace ? shape.place : 0, () => queueMicrotask(serve));
  }

  /** Takes what is there. `want` is what `wantNow` gave when the wait began. */
  protected abstract take(want: number): Taken | undefined;

  /** Whether `take` would succeed. */
  protected abstract isThere(want: number): boolean;

  /** Why the wait was in vain, for errors: "process 123 holds the lock, ...". */
  protected abstract describe(): string;

  protected wantNow(): number {
    return 0;
  }

  /** Whether those who wait take turns; where all of them go on at once there are none to be taken. */
  protected get hasTurns(): boolean {
    return true;
  }

  /** How long those who wait leave it at most before they look by themselves. */
  protected get longestPauseMs(): number {
    return lookAgainMs;
  }

  /** How long a thread that is to block looks before it sleeps. */
  protected nextSpinMs(): number {
    return spinMs;
  }

  /** Looks for a few microseconds whether it is there, and no longer than that. */
  protected lookOut(want: number): void {
    for (let look = 0; look < mostLooks && !this.isThere(want); look++);
  }

  /** Whether the look was worth it. */
  protected spinEnded(_paid: boolean): void {}

  /** Whether anybody here waits already, behind whom one has to queue. */
  protected get isAwaitedHere(): boolean {
    return this.#queue.size > 0;
  }

  /** Whether those who wait here by promise keep the program alive, as they do at first. */
  keepLoopAlive(keepsAlive: boolean): void {
    if (this.#keepsAlive === keepsAlive) return;
    this.#keepsAlive = keepsAlive;
    const { bell } = member();
    if (keepsAlive) this.#timer?.ref();
    else this.#timer?.unref();
    for (let waiter = 0; waiter < this.#queue.size; waiter++) keepsAlive ? bell.hold() : bell.letGo();
  }

  /** Finds owners that are dead. */
  protected lookAfterOwners(): void {}

  /** Throws if this thread, blocked, would keep it from ever being there. */
  protected refuseDeadlock(_method: string): void {}

  protected takeNow(want = this.wantNow()): Taken | undefined {
    return this.room.isBarred && !this.room.isOwnTurn ? undefined : this.take(want);
  }

  /** Gives those of this environment that wait by promise what is there for them already. */
  protected serveNow(): void {
    this.#serve(true);
  }

  /** By promise. `want`: what is waited for, if it is not that of this moment. */
  protected async obtain(method: string, options?: WaitOptions, want = this.wantNow()): Promise<Taken> {
    const wait = resolveWait(method, options, true);
    const taken = this.#queue.size === 0 ? this.takeNow(want) : undefined;
    if (taken !== undefined) return taken;
    if (wait.timeoutMs === 0) throw this.#timeoutError(method, wait);
    return await this.#enqueue(method, wait, want);
  }

  /** Blocks this thread. */
  protected obtainSync(method: string, options?: WaitOptions, want = this.wantNow()): Taken {
    const wait = resolveWait(method, options, false);
    const taken = this.takeNow(want);
    if (taken !== undefined) return taken;
    if (wait.timeoutMs === 0) throw this.#timeoutError(method, wait);
    this.refuseDeadlock(method);
    member().bell.others.wakeNow();
    return this.#spin(want) ?? this.#block(method, wait, want);
  }

  #spin(want: number): Taken | undefined {
    const end = performance.now() + (spins ? this.nextSpinMs() : 0);
    let taken: Taken | undefined;
    while (taken === undefined && performance.now() < end) {
      this.lookOut(want);
      if (this.isThere(want) && !this.room.isBarred) taken = this.take(want);
    }
    this.spinEnded(taken !== undefined);
    return taken;
  }

  #block(method: string, wait: ResolvedWait, want: number): Taken {
    const { room } = this;
    const began = performance.now();
    const deadline = began + wait.timeoutMs;
    let isImpatient = false;
    let pauseMs = patienceMs;
    let looksAgain = false;
    let taken: Taken | undefined;
    room.announce();
    try {
      for (;;) {
        const turn = room.remind();
        if (looksAgain || room.isOwnTurn) taken = this.take(want);
        if (taken !== undefined) return taken;
        looksAgain = false;
        const now = performance.now();
        if (now >= deadline) throw this.#timeoutError(method, wait);
        // Another who was impatient may have lifted the bar meanwhile.
        if (now - began >= patienceMs) {
          isImpatient = true;
          if (this.hasTurns) room.bar();
        }
        if (room.block(turn, Math.min(deadline - now, pauseMs))) continue;
        looksAgain = isImpatient;
        pauseMs = Math.min(2 * pauseMs, this.longestPauseMs);
        if (looksAgain) this.lookAfterOwners();
      }
    } finally {
      room.withdraw();
      if (taken === undefined || room.isBarred) this.#passOn(want);
      if (isImpatient) room.unbar();
    }
  }

  // Who was woken and does not take it wakes another; so does who takes one of several while others wait for their turn.
  #passOn(want: number): void {
    if (this.isThere(want)) this.room.wakeNext();
  }

  #enqueue(method: string, wait: ResolvedWait, want: number): Promise<Taken> {
    return new Promise((resolve, reject) => {
      const { bell } = member();
      const leave = (error: unknown): void => {
        if (!this.#queue.delete(waiter)) return;
        end();
        this.#passOn(want);
        reject(error);
      };
      const timer = startTimer(wait, () => leave(this.#timeoutError(method, wait)));
      const waiter: Waiter<Taken> = {
        want,
        leave,
        resolve: (taken) => {
          this.#queue.delete(waiter);
          end();
          resolve(taken);
        },
      };
      let release = (): void => {};
      const end = (): void => {
        clearTimeout(timer);
        release();
        this.room.withdraw();
        if (this.#keepsAlive) bell.letGo();
        if (this.#queue.size === 0) this.#stopWaiting();
      };
      this.#queue.add(waiter);
      this.room.announce();
      if (this.#keepsAlive) bell.hold();
      if (this.#queue.size === 1) this.#startWaiting();
      release = onAbort(wait.signal, leave);
      this.#serve(false);
    });
  }

  #startWaiting(): void {
    member().bell.add(this.#source);
    this.#lookIn(patienceMs);
  }

  #stopWaiting(): void {
    member().bell.remove(this.#source);
    clearTimeout(this.#timer);
    if (this.#impatient) this.room.unbar();
    this.#impatient = false;
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => {
      const looksAgain = this.#impatient;
      this.#impatient = true;
      // Another who was impatient may have lifted the bar meanwhile.
      if (this.hasTurns) this.room.bar();
      if (looksAgain) this.lookAfterOwners();
      this.#lookIn(Math.min(2 * ms, this.longestPauseMs));
      this.#serve(looksAgain);
    }, ms);
    if (!this.#keepsAlive) this.#timer.unref();
  }

  readonly #source = {
    hasWork: (): boolean => {
      this.room.remind();
      return this.#mayServe(false);
    },
    drain: (): number => this.#serve(false),
  };

  #mayServe(looksAgain: boolean): boolean {
    const [first] = this.#queue;
    return first !== undefined && (looksAgain || this.room.isOwnTurn) && this.isThere(first.want);
  }

  #serve(looksAgain: boolean): number {
    let served = 0;
    for (const waiter of this.#queue) {
      this.room.remind();
      const taken = looksAgain || this.room.isOwnTurn ? this.take(waiter.want) : undefined;
      if (taken === undefined) break;
      served++;
      waiter.resolve(taken);
      if (this.room.isBarred) this.#passOn(waiter.want);
      this.room.unbar();
    }
    return served;
  }

  #timeoutError(method: string, { timeoutMs }: ResolvedWait): TimeoutError {
    return timeoutError(method, this.describe(), timeoutMs);
  }
}
