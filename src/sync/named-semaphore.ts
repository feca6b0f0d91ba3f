// NamedSemaphore: a POSIX semaphore that any program opens by its name (sem_overview(7)). It is a counter: the permits of
// who dies are used up. The semaphores of one family, which need no name, are semaphore.ts and bounded-semaphore.ts.
import { types } from 'node:util';
import { argumentRangeError, argumentTypeError, ResourceError, type TimeoutError } from '../errors.js';
import {
  callNamed,
  checkName,
  checkOptions,
  checkTracking,
  closedError,
  flag,
  type NamedKind,
  ownerOnly,
} from '../named/names.js';
import type { SemaphoreHandle } from '../native/contract-system.js';
import { loadAddon } from '../native/load.js';
import { startTimer, timeoutError } from '../options/time-out.js';
import { countOf, wholeNumber } from '../options/values.js';
import { type ResolvedWait, resolveWait, type WaitOptions } from '../options/wait-options.js';
import { EncodeFailure } from '../serialize/encode-state.js';
import type { WireExtension } from '../serialize/registry.js';
import { onAbort } from '../util/on-abort.js';

export interface NamedSemaphoreOptions {
  /** True: makes it, and refuses a name that exists. False, the default: opens one that exists. */
  readonly create?: boolean | undefined;
  /** Its first permits; only where it is made. Default: 1. */
  readonly value?: number | undefined;
  /** Whether it is removed when the family ends at the latest. Default: true where it is made, and only allowed there. */
  readonly track?: boolean | undefined;
}

// The file's name has `sem.` in front.
const kind: NamedKind = { noun: 'semaphore', maxNameBytes: 251 };
const constructing = 'new NamedSemaphore';

interface Waiter {
  readonly resolve: () => void;
  readonly leave: (error: unknown) => void;
}

export class NamedSemaphore {
  readonly #name: string;
  #handle: SemaphoreHandle | undefined;
  readonly #queue = new Set<Waiter>();

  /**
   * `name`: without a slash in front; what C calls "/jobs" is 'jobs'. Throws `TypeError` and `RangeError` for wrong
   * arguments, `ResourceError` for what the system refuses (`ERR_FORKYARD_NAME_EXISTS`, `ERR_FORKYARD_NO_SUCH_NAME`,
   * `ERR_FORKYARD_PERMISSION`).
   */
  constructor(name: string, options?: NamedSemaphoreOptions) {
    const path = checkName(constructing, kind, name);
    const given = checkOptions(constructing, options, ['create', 'value', 'track']);
    const create = flag(constructing, 'create', given.create, false);
    const value = checkValue(given.value, create);
    const tracked = checkTracking(constructing, create, given.track);
    const addon = loadAddon();
    this.#name = name;
    this.#handle = callNamed(constructing, kind, name, () =>
      create ? addon.semCreate(path, value, ownerOnly, tracked) : addon.semOpen(path),
    );
  }

  /** Without a slash. Stays readable after `close()`. */
  get name(): string {
    return this.#name;
  }

  /** The permits that are left, at this moment. */
  get value(): number {
    return loadAddon().semValue(this.#open('value'));
  }

  /**
   * Takes a permit, when there is one; first come, first served among those who wait by this object. No thread of Node's is
   * kept busy. Rejects with `TimeoutError` or the reason of `signal`; for a moment after that (at most a second) a permit
   * may be taken and given back at once.
   */
  async acquire(options?: WaitOptions): Promise<void> {
    const method = 'NamedSemaphore.acquire';
    const handle = this.#open('acquire');
    const wait = resolveWait(method, options, true);
    if (this.#queue.size === 0 && loadAddon().semTryWait(handle)) return;
    if (wait.timeoutMs === 0) throw this.#timeoutError(method, wait);
    await this.#enqueue(method, handle, wait);
  }

  /** Takes a permit; blocks this thread until there is one. Throws `TimeoutError`. */
  acquireSync(options?: WaitOptions): void {
    const method = 'NamedSemaphore.acquireSync';
    const handle = this.#open('acquireSync');
    const wait = resolveWait(method, options, false);
    const timeoutMs = wait.timeoutMs === Infinity ? -1 : wait.timeoutMs;
    if (!loadAddon().semWait(handle, timeoutMs)) throw this.#timeoutError(method, wait);
  }

  /** False if there is no permit. */
  tryAcquire(): boolean {
    return loadAddon().semTryWait(this.#open('tryAcquire'));
  }

  /** Gives `permits` more. Throws `RangeError` beyond 2^31 - 1, with nothing given. */
  release(permits = 1): void {
    const method = 'NamedSemaphore.release';
    const handle = this.#open('release');
    wholeNumber(method, 'permits', permits);
    const addon = loadAddon();
    const most = addon.systemConstants.semaphoreValueMax - addon.semValue(handle);
    if (permits > most) throw argumentRangeError(method, 'permits', `at most ${most} now`, permits);
    callNamed(method, kind, this.#name, () => {
      for (let permit = 0; permit < permits; permit++) addon.semPost(handle);
    });
  }

  /** Lets go of it in this process; who waits here is refused. Again: nothing. */
  close(): void {
    if (this.#handle === undefined) return;
    for (const waiter of this.#queue) waiter.leave(closedError('NamedSemaphore.acquire', kind.noun));
    loadAddon().semClose(this.#handle);
    this.#handle = undefined;
  }

  /**
   * Removes the name; who has opened it can go on. Also after `close()`. Throws `ERR_FORKYARD_NO_SUCH_NAME` where somebody
   * has done so before.
   */
  unlink(): void {
    callNamed('NamedSemaphore.unlink', kind, this.#name, () => loadAddon().semUnlink(`/${this.#name}`));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  get isClosed(): boolean {
    return this.#handle === undefined;
  }

  #open(method: string): SemaphoreHandle {
    if (this.#handle === undefined) throw closedError(`NamedSemaphore.${method}`, kind.noun);
    return this.#handle;
  }

  #enqueue(method: string, handle: SemaphoreHandle, wait: ResolvedWait): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = startTimer(wait, () => waiter.leave(this.#timeoutError(method, wait)));
      let release = (): void => {};
      const end = (): void => {
        this.#queue.delete(waiter);
        clearTimeout(timer);
        release();
      };
      const waiter: Waiter = {
        resolve: () => {
          end();
          resolve();
        },
        leave: (error) => {
          end();
          if (this.#queue.size === 0) loadAddon().semForgo(handle);
          reject(error);
        },
      };
      this.#queue.add(waiter);
      try {
        this.#awaitPermit(handle);
      } catch (error) {
        waiter.leave(error);
        return;
      }
      release = onAbort(wait.signal, waiter.leave);
    });
  }

  #awaitPermit(handle: SemaphoreHandle): void {
    callNamed('NamedSemaphore.acquire', kind, this.#name, () =>
      loadAddon().semAwait(handle, (taken) => this.#onEnd(handle, taken)),
    );
  }

  /** Whether the permit went to somebody: who waited may have given up meanwhile. */
  #onEnd(handle: SemaphoreHandle, taken: boolean): boolean {
    const [first] = this.#queue;
    if (first === undefined) return false;
    if (taken) first.resolve();
    else
      first.leave(new ResourceError('NamedSemaphore.acquire: the system refused to wait for the semaphore'));
    if (this.#queue.size === 0) loadAddon().semForgo(handle);
    else this.#goOn(handle);
    return taken;
  }

  #goOn(handle: SemaphoreHandle): void {
    try {
      this.#awaitPermit(handle);
    } catch (error) {
      for (const waiter of this.#queue) waiter.leave(error);
    }
  }

  #timeoutError(method: string, { timeoutMs }: ResolvedWait): TimeoutError {
    return timeoutError(method, `'${this.#name}' has no permit`, timeoutMs);
  }
}

/** It travels by its name. Registered by reducers.ts. */
export const namedSemaphoreExtension: WireExtension<NamedSemaphore> = {
  tag: 'forkyard.named-semaphore',
  // A proxy might throw from the question.
  matches: (value) => !types.isProxy(value) && value instanceof NamedSemaphore,
  encode: (semaphore) => {
    if (!semaphore.isClosed) return semaphore.name;
    throw new EncodeFailure(semaphore, `semaphore '${semaphore.name}' was closed here`);
  },
  decode: (name) => new NamedSemaphore(name as string),
};

function checkValue(value: unknown, create: boolean): number {
  if (value === undefined) return 1;
  if (!create) {
    throw argumentTypeError(constructing, 'value', 'left out without create: true; it has its value', value);
  }
  const { semaphoreValueMax } = loadAddon().systemConstants;
  const count = countOf(constructing, 'value', value);
  if (count <= semaphoreValueMax) return count;
  throw argumentRangeError(constructing, 'value', `at most ${semaphoreValueMax}`, value);
}
