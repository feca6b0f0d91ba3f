// Barrier: so many go on together. Python: multiprocessing.Barrier; unlike it, it breaks when one that waits there dies.
import { argumentRangeError, argumentTypeError, BrokenBarrierError } from '../errors.js';
import { member } from '../family/membership.js';
import { checkOptions } from '../options/known-options.js';
import { wholeNumber } from '../options/values.js';
import { countDown, type ResolvedWait, resolveWait, type WaitOptions } from '../options/wait-options.js';
import { isThenable } from '../util/is-thenable.js';
import { checkFunction } from './acquirable.js';
import { BarrierState, type Verdict } from './barrier-state.js';
import { syncKind } from './kinds.js';
import { Waitable } from './waitable.js';

const mostParties = 2 ** 15;

export interface BarrierOptions {
  /** Called by one of them when all are there, before they go on. What it throws breaks the barrier. */
  readonly action?: (() => unknown) | undefined;
  /** Milliseconds: the default of `wait`. */
  readonly timeout?: number | undefined;
}

/** Which arrival it is of which generation. */
interface Place {
  readonly generation: number;
  readonly index: number;
}

/** A place where so many wait for each other, again and again; processes, threads and asynchronous tasks of a family. */
export class Barrier extends Waitable<Verdict> {
  /** How many go on together. */
  readonly parties: number;
  /** @internal What it is sent with. */
  readonly options: BarrierOptions;
  readonly #state: BarrierState;

  /** Throws `RangeError` for parties that are no integer from 1 to 32,768, `ResourceError` when memory is used up. */
  constructor(parties: number, options: BarrierOptions = {}) {
    const method = 'new Barrier';
    if (wholeNumber(method, 'parties', parties) > mostParties) {
      throw argumentRangeError(method, 'parties', `at most ${mostParties}`, parties);
    }
    checkBarrierOptions(method, options);
    const { syncArrivals } = member().addon.constants;
    super({ kind: syncKind.barrier, owners: 0, slotWords: syncArrivals, limit: parties });
    this.parties = parties;
    this.options = options;
    this.#state = new BarrierState(this.room);
  }

  /**
   * Waits until all parties are there. Resolves to the order of arrival, from 0. Rejects with `BrokenBarrierError` if it is
   * broken: by `abort`, `reset`, an action that throws, the death of one that waits, or one that gives up; who gives up itself
   * gets a `TimeoutError` or the reason of `signal`.
   */
  async wait(options?: WaitOptions): Promise<number> {
    const method = 'Barrier.wait';
    const remaining = this.#remaining(resolveWait(method, options, true));
    this.room.announce();
    try {
      for (;;) {
        const place = this.#arrive(method);
        if (typeof place === 'number') {
          await this.obtain(method, remaining(), place);
        } else if (place.index === this.parties - 1) {
          await this.#act(place);
          return this.#release(method, place);
        } else {
          const waiting = this.obtain(method, remaining(), place.generation);
          const verdict = await waiting.catch((error: unknown) => this.#giveUp(place, error));
          return this.#pass(method, place, verdict);
        }
      }
    } finally {
      this.room.withdraw();
    }
  }

  /** The same, blocking this thread; an `action` must be synchronous. */
  waitSync(options?: WaitOptions): number {
    const method = 'Barrier.waitSync';
    const remaining = this.#remaining(resolveWait(method, options, false));
    this.room.announce();
    try {
      for (;;) {
        const place = this.#arrive(method);
        if (typeof place === 'number') {
          this.obtainSync(method, remaining(), place);
        } else if (place.index === this.parties - 1) {
          this.#actSync(method, place);
          return this.#release(method, place);
        } else {
          return this.#pass(method, place, this.#awaitSync(method, remaining(), place));
        }
      }
    } finally {
      this.room.withdraw();
    }
  }

  /** Breaks it: those who wait, and those to come, get a `BrokenBarrierError` until it is reset. */
  abort(): void {
    this.#state.break(this.#state.read().generation);
  }

  /** Makes it as new. Those who wait get a `BrokenBarrierError`. */
  reset(): void {
    const { generation, arrived } = this.#state.read();
    if (arrived > 0) this.#state.break(generation);
    this.#state.renew(generation);
  }

  /** How many wait at this moment. */
  get nWaiting(): number {
    const { arrived, isBroken } = this.#state.read();
    return isBroken || arrived === this.parties ? 0 : arrived;
  }

  get broken(): boolean {
    return this.#state.read().isBroken;
  }

  protected override get hasTurns(): boolean {
    return false;
  }

  protected isThere(generation: number): boolean {
    return this.#state.verdict(generation) !== undefined;
  }

  protected take(generation: number): Verdict | undefined {
    return this.#state.verdict(generation);
  }

  protected describe(): string {
    return `${this.#state.read().arrived} of ${this.parties} parties have arrived`;
  }

  // Each that waits looks after the next one.
  protected override lookAfterOwners(): void {
    const { addon, slot } = member();
    const { neighbour } = this.room;
    if (neighbour >= 0 && neighbour !== slot.index) addon.reap(neighbour);
  }

  // Its place; or the generation that is full, and must be over first. Throws if it is broken.
  #arrive(method: string): Place | number {
    // What is known of earlier generations is for those who waited in them: the word is about to be another's.
    this.serveNow();
    for (;;) {
      const seen = this.#state.read();
      const { generation, arrived: index, isBroken } = seen;
      if (isBroken || index === this.parties) {
        this.#state.turnAway();
        if (isBroken) throw brokenError(method);
        return generation;
      }
      if (this.#state.arrive(seen)) return { generation, index };
    }
  }

  #awaitSync(method: string, options: WaitOptions, place: Place): Verdict {
    try {
      return this.obtainSync(method, options, place.generation);
    } catch (error) {
      return this.#giveUp(place, error);
    }
  }

  // One that goes away breaks it, unless it was over already.
  #giveUp(place: Place, error: unknown): Verdict {
    if (this.#state.break(place.generation)) this.#fail(place, error);
    return this.#state.verdict(place.generation) ?? 'broken';
  }

  #pass(method: string, { generation, index }: Place, verdict: Verdict): number {
    this.#state.leave(generation);
    if (verdict === 'broken') throw brokenError(method);
    return index;
  }

  async #act(place: Place): Promise<void> {
    try {
      await this.options.action?.();
    } catch (error) {
      this.#fail(place, error);
    }
  }

  #actSync(method: string, place: Place): void {
    try {
      const result = this.options.action?.();
      if (isThenable(result)) throw argumentTypeError(method, 'action', 'synchronous; use wait()', result);
    } catch (error) {
      this.#fail(place, error);
    }
  }

  #fail({ generation }: Place, error: unknown): never {
    this.#state.break(generation);
    this.#state.leave(generation);
    throw error;
  }

  // All are there, and the action is done.
  #release(method: string, place: Place): number {
    const verdict = this.#state.release(place.generation, this.parties) ? 'released' : 'broken';
    return this.#pass(method, place, verdict);
  }

  #remaining({ timeoutMs, signal }: ResolvedWait): () => WaitOptions {
    const { timeout = Infinity } = this.options;
    return countDown({ timeoutMs: timeoutMs === Infinity ? timeout : timeoutMs, signal });
  }
}

function brokenError(method: string): BrokenBarrierError {
  return new BrokenBarrierError(`${method}: the barrier is broken; reset() makes it as new`);
}

function checkBarrierOptions(method: string, options: BarrierOptions): void {
  checkOptions(method, options, ['action', 'timeout']);
  if (options.action !== undefined) checkFunction(method, options.action);
  resolveWait(method, { timeout: options.timeout }, false);
}
