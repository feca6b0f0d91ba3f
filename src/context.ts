// getContext: the module's face with one start method and one set of preloaded modules in it, for a library that must not
// depend on what its program has chosen.
import { ForkyardError } from './errors.js';
import { checkOptions } from './options/known-options.js';
import { Pipe } from './pipe/pipe.js';
import type { PoolOptions } from './pool/options.js';
import { Pool } from './pool/pool.js';
import { activeChildren, currentProcess, parentProcess } from './process/current-process.js';
import type { ProcessOptions } from './process/options.js';
import { Process } from './process/process.js';
import {
  checkStartMethod,
  getAllStartMethods,
  getStartMethod,
  prewarm,
  resolvePreload,
} from './process/start-method/defaults.js';
import type { StartMethodName } from './process/start-method/start-method.js';
import { JoinableQueue } from './queue/joinable-queue.js';
import { Queue } from './queue/queue.js';
import { SimpleQueue } from './queue/simple-queue.js';
import { RawArray, SharedArray } from './sharedctypes/shared-array.js';
import { RawValue, Value } from './sharedctypes/value.js';
import { Barrier } from './sync/barrier.js';
import { BoundedSemaphore } from './sync/bounded-semaphore.js';
import { Condition } from './sync/condition.js';
import { Event } from './sync/event.js';
import { Lock } from './sync/lock.js';
import { RLock } from './sync/rlock.js';
import { Semaphore } from './sync/semaphore.js';
import { cpuCount } from './system/cpu-count.js';

/** What `getContext` takes beside the start method. */
export interface ContextOptions {
  /** Modules that a fork server imports once for all processes of this context. */
  readonly preload?: readonly (string | URL)[] | undefined;
}

/** What is the same in every context: it belongs to the family, not to a way to start processes. */
export interface SharedClasses {
  readonly Array: typeof SharedArray;
  readonly Barrier: typeof Barrier;
  readonly BoundedSemaphore: typeof BoundedSemaphore;
  readonly Condition: typeof Condition;
  readonly Event: typeof Event;
  readonly JoinableQueue: typeof JoinableQueue;
  readonly Lock: typeof Lock;
  readonly Pipe: typeof Pipe;
  readonly Queue: typeof Queue;
  readonly RawArray: typeof RawArray;
  readonly RawValue: typeof RawValue;
  readonly RLock: typeof RLock;
  readonly Semaphore: typeof Semaphore;
  readonly SharedArray: typeof SharedArray;
  readonly SimpleQueue: typeof SimpleQueue;
  readonly Value: typeof Value;
}

const shared: SharedClasses = {
  Array: SharedArray,
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  JoinableQueue,
  Lock,
  Pipe,
  Queue,
  RawArray,
  RawValue,
  RLock,
  Semaphore,
  SharedArray,
  SimpleQueue,
  Value,
};

/** `Process`, `Pool` and the functions beside them, bound to one start method; and what processes share. */
export interface Context extends SharedClasses {
  readonly Process: typeof Process;
  readonly Pool: typeof Pool;
  readonly activeChildren: typeof activeChildren;
  readonly cpuCount: typeof cpuCount;
  readonly currentProcess: typeof currentProcess;
  readonly parentProcess: typeof parentProcess;
  getAllStartMethods(): StartMethodName[];
  getStartMethod(): StartMethodName;
  /** Another context. */
  getContext(startMethod?: StartMethodName, options?: ContextOptions): Context;
  /** Throws: the start method of a context is fixed. */
  setStartMethod(startMethod: StartMethodName): never;
  /** From now on, for this context alone. */
  setForkserverPreload(modules: readonly (string | URL)[]): void;
  /** Starts this context's fork server; nothing with `spawn`. */
  prewarm(): Promise<void>;
}

/**
 * The module's face bound to `startMethod`, by default the one that `getStartMethod()` tells now. Python:
 * `multiprocessing.get_context`.
 */
export function getContext(startMethod?: StartMethodName, options: ContextOptions = {}): Context {
  checkOptions('getContext', options, ['preload']);
  const method = startMethod === undefined ? getStartMethod() : checkStartMethod('getContext', startMethod);
  let preload =
    options.preload === undefined ? undefined : resolvePreload('getContext', 'preload', options.preload);
  const defaults = () => ({ startMethod: method, ...(preload === undefined ? {} : { preload }) });
  return {
    ...shared,
    Process: boundProcess(defaults),
    Pool: boundPool(defaults),
    activeChildren,
    cpuCount,
    currentProcess,
    parentProcess,
    getAllStartMethods,
    getStartMethod: () => method,
    getContext,
    setStartMethod() {
      throw new ForkyardError(
        `setStartMethod() of a context: this one is bound to '${method}'. Call getContext() for another, or the module's setStartMethod().`,
        { code: 'ERR_FORKYARD_START_METHOD_SET' },
      );
    },
    setForkserverPreload(modules) {
      preload = resolvePreload('setForkserverPreload', 'modules', modules);
    },
    async prewarm() {
      await prewarm({ startMethod: method, preload });
    },
  };
}

type Defaults = () => { startMethod: StartMethodName; preload?: readonly string[] };

// The classes keep their names: processes are called after them.
function boundProcess(defaults: Defaults): typeof Process {
  const bound = {
    Process: class<Args extends unknown[] = never[], Result = unknown> extends Process<Args, Result> {
      constructor(options: ProcessOptions<Args, Result> = {}) {
        super({ ...defaults(), ...options });
      }
    },
  };
  return bound.Process;
}

function boundPool(defaults: Defaults): typeof Pool {
  const bound = {
    Pool: class extends Pool {
      constructor(options: number | PoolOptions = {}) {
        super({ ...defaults(), ...(typeof options === 'number' ? { processes: options } : options) });
      }
    },
  };
  return bound.Pool;
}
