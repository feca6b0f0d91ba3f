// What Value and SharedArray have that RawValue and RawArray have not: a lock. Python: Synchronized.
import { argumentTypeError } from '../errors.js';
import { refuseUnknownOptions } from '../options/known-options.js';
import type { WaitOptions } from '../options/wait-options.js';
import { SharedBlock } from '../serialize/slabs.js';
import type { Guard } from '../sync/guard.js';
import { Lock } from '../sync/lock.js';
import { RLock } from '../sync/rlock.js';
import { objectAt } from '../sync/wire.js';

export type SharedLock = Lock | RLock;

/** What `new Value` and `new SharedArray` take last. */
export interface LockOptions {
  /** The lock to use: by default (`true`) an `RLock` of its own; `false`: none, as `RawValue` and `RawArray`. */
  readonly lock?: SharedLock | boolean | null | undefined;
}

/** A shared object with its lock. No access takes it by itself: single ones need none, and several need one `run`. */
export interface Lockable<Raw> {
  /** The lock: the same one in every process that has the object. */
  getLock(): SharedLock;
  /** The same memory without the lock. */
  getObj(): Raw;
  /** `getLock().acquire()` */
  acquire(options?: WaitOptions): Promise<Guard>;
  /** `getLock().acquireSync()` */
  acquireSync(options?: WaitOptions): Guard;
  /** `getLock().tryAcquire()` */
  tryAcquire(): Guard | undefined;
  /** `getLock().release()` */
  release(): void;
  /** `getLock().run()` */
  run<Result>(fn: (guard: Guard) => Result | PromiseLike<Result>, options?: WaitOptions): Promise<Result>;
  /** `getLock().runSync()` */
  runSync<Result>(fn: (guard: Guard) => Result, options?: WaitOptions): Result;
}

export interface LockableClass<Args extends unknown[], Raw extends object> {
  new (...args: Args): Raw & Lockable<Raw>;
  readonly prototype: Raw & Lockable<Raw>;
  /** A lock, or the block of one that was received: not all who receive an object want its lock. */
  useLock(object: object, lock: SharedLock | SharedBlock): void;
}

/** Names that a struct's fields cannot have. */
export const lockableNames: readonly string[] = [
  'getLock',
  'getObj',
  'acquire',
  'acquireSync',
  'tryAcquire',
  'release',
  'run',
  'runSync',
];

const blockOfLock = Symbol('forkyard.blockOfLock');
const prototypes = new WeakSet<object>();

/** The class of the same objects with a lock, called `name`. */
export function lockableClass<Args extends unknown[], Raw extends object>(
  name: string,
  RawClass: new (...args: Args) => Raw,
  withoutLock: (object: Raw) => Raw,
): LockableClass<Args, Raw> {
  const Base = RawClass as new (...args: Args) => object;
  const made = class extends Base implements Lockable<Raw> {
    // As long as nobody else has the object its lock need not be there: it is made when it is asked for, and that is at the
    // latest when the object is sent. A lock costs several times as much as a value.
    #lock: SharedLock | undefined;
    #received: SharedBlock | undefined;

    static useLock(object: object, lock: SharedLock | SharedBlock): void {
      const self = object as InstanceType<typeof made>;
      if (lock instanceof SharedBlock) self.#received = lock;
      else self.#lock = lock;
    }

    getLock(): SharedLock {
      return this.#lock ?? this.#findLock();
    }

    [blockOfLock](): SharedBlock {
      return this.#received ?? this.getLock().block;
    }

    // Received, it is the one object that this environment has for that block.
    #findLock(): SharedLock {
      this.#lock =
        this.#received === undefined ? new RLock() : checkLock('getLock', objectAt(this.#received));
      return this.#lock;
    }

    getObj(): Raw {
      return withoutLock(this as unknown as Raw);
    }

    acquire(options?: WaitOptions): Promise<Guard> {
      return this.getLock().acquire(options);
    }

    acquireSync(options?: WaitOptions): Guard {
      return this.getLock().acquireSync(options);
    }

    tryAcquire(): Guard | undefined {
      return this.getLock().tryAcquire();
    }

    release(): void {
      this.getLock().release();
    }

    run<Result>(fn: (guard: Guard) => Result | PromiseLike<Result>, options?: WaitOptions): Promise<Result> {
      return this.getLock().run(fn, options);
    }

    runSync<Result>(fn: (guard: Guard) => Result, options?: WaitOptions): Result {
      return this.getLock().runSync(fn, options);
    }
  };
  Object.defineProperty(made, 'name', { value: name });
  prototypes.add(made.prototype);
  return made as unknown as LockableClass<Args, Raw>;
}

/** Whether it is one that has a lock. */
export function isLockable(object: object): object is Lockable<object> {
  return prototypes.has(Object.getPrototypeOf(object));
}

/** What its lock is on its way. */
export function lockBlockOf(object: Lockable<object>): SharedBlock {
  return (object as unknown as { [blockOfLock](): SharedBlock })[blockOfLock]();
}

/** `undefined`: one of its own; `false`: none. */
export function resolveLock(method: string, options: unknown): SharedLock | false | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null) {
    throw argumentTypeError(method, 'options', 'an object such as { lock: false }', options);
  }
  refuseUnknownOptions(method, options, ['lock']);
  const { lock } = options as LockOptions;
  if (lock === undefined || lock === null || lock === true) return undefined;
  return lock === false ? false : checkLock(method, lock);
}

export function checkLock(method: string, lock: unknown): SharedLock {
  if (lock instanceof Lock || lock instanceof RLock) return lock;
  throw argumentTypeError(method, 'lock', 'a Lock, an RLock, true or false', lock);
}
