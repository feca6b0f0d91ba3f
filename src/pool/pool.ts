// Pool: Python's class. The calls of a user become tasks and feeds here, for an engine (engine.ts) that places them; how results
// are put together is results/.
import { argumentTypeError, BrokenPoolError, ForkyardError } from '../errors.js';
import { member } from '../family/membership.js';
import { timeoutError } from '../options/time-out.js';
import { resolveWait, type WaitOptions } from '../options/wait-options.js';
import { settledWithin } from '../process/settled-within.js';
import type { TaskTarget } from '../task/define-tasks.js';
import { assertNotBootstrapping } from '../task/importing.js';
import { referenceOf } from '../task/reference.js';
import { localOnly } from '../util/local-only.js';
import { abortable, onAbort } from '../util/on-abort.js';
import { settleable } from '../util/settleable.js';
import { AcceptedInputs } from './accepted-inputs.js';
import {
  type CallOptions,
  type ImapOptions,
  type MapOptions,
  type MapRequest,
  type ResolvedCall,
  resolveCall,
} from './call-options.js';
import type { CallLimits } from './calls.js';
import { defaultChunkSize } from './chunk.js';
import type { Engine } from './engine.js';
import { checkArgLists, collect, iteratorOf } from './inputs.js';
import { taskMessageType } from './messages.js';
import { type PoolOptions, type ResolvedPoolOptions, resolvePoolOptions } from './options.js';
import { processBackend } from './process-backend.js';
import { ApplyCall } from './results/apply-call.js';
import { MapCall } from './results/map-call.js';
import { StreamCall } from './results/stream-call.js';
import type { PoolState, PoolStatistics } from './statistics.js';
import { Supervisor } from './supervisor.js';

const noArguments: unknown[] = [];

type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/**
 * A number of processes that run tasks. Errors of a task arrive as the same class; a task whose worker dies rejects
 * with `WorkerLostError`, the worker is replaced, and no other task is lost. Methods that return a promise never throw,
 * they reject. An idle pool does not keep the program alive. Python: `multiprocessing.Pool`.
 */
export class Pool {
  readonly #options: ResolvedPoolOptions;
  readonly #engine: Engine;
  readonly #gone = settleable<void>();
  readonly #taskNumbers = new WeakMap<object, number>();
  #state: PoolState = 'open';
  #failure: BrokenPoolError | undefined;
  #endedBy: BrokenPoolError | undefined;
  readonly #inputs = new AcceptedInputs(() => this.#onProgress());
  #holds = false;

  constructor(options?: number | PoolOptions, ...surplus: never[]) {
    assertNotBootstrapping('new Pool()');
    this.#options = resolvePoolOptions(options, surplus[0]);
    const engine = new Supervisor(this.#options, processBackend(this.#options), {
      onProgress: () => this.#onProgress(),
      onBroken: (error) => this.#onBroken(error),
      onAllGone: () => this.#gone.resolve(),
    });
    this.#engine = engine;
    engine.startAll();
  }

  /** @internal */
  get [localOnly](): string {
    return 'Pool';
  }

  /** Calls `task(...args)` in a worker. */
  apply<Args extends unknown[], Result>(
    task: TaskTarget<Args, Result>,
    args?: Args,
    options?: CallOptions,
  ): Promise<Awaited<Result>> {
    // Not an async function: its two more promises would cost a tenth of the throughput of tiny tasks.
    try {
      if (args !== undefined && !Array.isArray(args)) {
        throw argumentTypeError('Pool.apply', 'args', 'an array', args);
      }
      const taskNumber = this.#open('apply', task);
      const call = new ApplyCall();
      const value = args ?? noArguments;
      if (options !== undefined)
        return this.#applyWith(taskNumber, value, options, call) as Promise<Awaited<Result>>;
      this.#submit(taskNumber, value, this.#options.limits, call);
      return call.promise as Promise<Awaited<Result>>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** `task(item)` for each item: the results in input order. The input is read at once. */
  async map<Item, Result>(
    task: TaskTarget<[Item], Result>,
    items: AnyIterable<Item>,
    options: MapOptions = {},
  ): Promise<Awaited<Result>[]> {
    return (await this.#map('map', { task, items, options })) as Awaited<Result>[];
  }

  /** `task(...args)` for each element of `argLists`. */
  async starmap<Args extends unknown[], Result>(
    task: TaskTarget<Args, Result>,
    argLists: AnyIterable<Args>,
    options: MapOptions = {},
  ): Promise<Awaited<Result>[]> {
    return (await this.#map('starmap', { task, items: argLists, options })) as Awaited<Result>[];
  }

  /** `map` as an async iterator: results in input order as they come, the input read only as they are taken. */
  imap<Item, Result>(
    task: TaskTarget<[Item], Result>,
    items: AnyIterable<Item>,
    options: ImapOptions = {},
  ): AsyncIterableIterator<Awaited<Result>> {
    return this.#imap('imap', { task, items, options, ordered: true }) as AsyncIterableIterator<
      Awaited<Result>
    >;
  }

  /** `imap` with the results in the order in which they are ready. */
  imapUnordered<Item, Result>(
    task: TaskTarget<[Item], Result>,
    items: AnyIterable<Item>,
    options: ImapOptions = {},
  ): AsyncIterableIterator<Awaited<Result>> {
    const call = { task, items, options, ordered: false };
    return this.#imap('imapUnordered', call) as AsyncIterableIterator<Awaited<Result>>;
  }

  /** Takes no more work; the workers end when what there is has been done. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#onProgress();
  }

  /** Ends the workers at once. What is not settled rejects with `BrokenPoolError` (`ERR_FORKYARD_POOL_TERMINATED`). */
  terminate(): void {
    if (this.#state === 'terminated') return;
    const wasBroken = this.#state === 'broken';
    this.#state = 'terminated';
    this.#engine.terminate();
    if (wasBroken) return;
    const code = 'ERR_FORKYARD_POOL_TERMINATED';
    this.#failAll(new BrokenPoolError('The pool was terminated before this task was done.', { code }));
  }

  /** Resolves when all workers have ended, at most after `timeout` milliseconds (`TimeoutError`). Only after `close` or `terminate`. */
  async join(options?: WaitOptions): Promise<void> {
    const wait = resolveWait('Pool.join', options, true);
    if (this.#state === 'open') {
      throw new ForkyardError('Pool.join() while the pool is open: call close() or terminate() first.', {
        code: 'ERR_FORKYARD_POOL_STATE',
      });
    }
    // Somebody waits for the end of all that was accepted, as in Python: also of what an iterator has not asked for.
    if (this.#state === 'closing') this.#engine.readAhead();
    const { bell } = member();
    bell.hold();
    const areGone = await settledWithin(this.#gone.promise, wait).finally(() => bell.letGo());
    if (!areGone) throw timeoutError('Pool.join', 'workers are still at work', wait.timeoutMs);
  }

  stats(): PoolStatistics {
    return { state: this.#state, ...this.#engine.stats() };
  }

  /** Terminates and joins, as in Python: the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate();
    await this.join();
  }

  #submit(taskNumber: number, value: unknown[], limits: CallLimits, call: ApplyCall): void {
    this.#engine.submit(
      { type: taskMessageType.apply, taskNumber, index: 0, value, firstItem: 0, limits },
      call,
    );
  }

  #applyWith(taskNumber: number, value: unknown[], options: CallOptions, call: ApplyCall): Promise<unknown> {
    const { limits, signal } = this.#resolve('apply', options, []);
    this.#submit(taskNumber, value, limits, call);
    if (signal === undefined) return call.promise;
    return abortable(call.promise, signal, (reason) => this.#engine.cancel(call, reason));
  }

  async #map(name: 'map' | 'starmap', call: MapRequest): Promise<unknown[]> {
    const taskNumber = this.#open(name, call.task);
    const { limits, signal, chunkSize: given } = this.#resolve(name, call.options, ['chunkSize']);
    const start = (items: unknown[]): Promise<unknown[]> => {
      // It may have been ended while its input was read.
      if (this.#endedBy !== undefined) throw this.#endedBy;
      if (name === 'starmap') checkArgLists(items);
      const chunkSize = given === 0 ? defaultChunkSize(items.length, this.#options.processes) : given;
      const map = new MapCall({ items, chunkSize, type: taskMessageType[name], taskNumber, limits });
      if (items.length > 0) this.#engine.addFeed(map);
      return abortable(map.promise, signal, (reason) => {
        map.onFailure(-1, reason);
        this.#engine.cancel(map, reason);
      });
    };
    const items = collect(`Pool.${name}`, call.items);
    return await (Array.isArray(items) ? start(items) : this.#inputs.read(items, signal, start));
  }

  #resolve(name: string, options: ImapOptions, names: readonly string[]): ResolvedCall {
    return resolveCall(`Pool.${name}`, options, { limits: this.#options.limits, names });
  }

  #failAll(error: BrokenPoolError): void {
    this.#endedBy = error;
    this.#inputs.failAll(error);
    this.#engine.failAll(error);
  }

  #imap(
    name: 'imap' | 'imapUnordered',
    call: MapRequest & { readonly options: ImapOptions; readonly ordered: boolean },
  ): AsyncIterableIterator<unknown> {
    const taskNumber = this.#open(name, call.task);
    const { processes, concurrency } = this.#options;
    const resolved = this.#resolve(name, call.options, ['chunkSize', 'bufferSize']);
    const stream = new StreamCall(
      {
        input: iteratorOf(`Pool.${name}`, call.items),
        chunkSize: resolved.chunkSize || 1,
        bufferSize: resolved.bufferSize || 2 * processes * concurrency,
        ordered: call.ordered,
        type: taskMessageType.map,
        taskNumber,
        limits: resolved.limits,
      },
      { pump: () => this.#engine.pump(), onEnd: () => release() },
    );
    const release = onAbort(resolved.signal, (reason) => {
      stream.cancel(reason);
      this.#engine.cancel(stream, reason);
    });
    this.#engine.addFeed(stream);
    return stream.iterator();
  }

  #open(name: string, task: unknown): number {
    this.#requireOpen(name);
    const isFunction = typeof task === 'function';
    const known = isFunction ? this.#taskNumbers.get(task) : undefined;
    if (known !== undefined) return known;
    const number = this.#engine.numberOf(referenceOf(task as TaskTarget, `Pool.${name}`));
    if (isFunction) this.#taskNumbers.set(task, number);
    return number;
  }

  #requireOpen(name: string): void {
    if (this.#state === 'open') return;
    if (this.#failure !== undefined) throw this.#failure;
    throw new ForkyardError(
      `Pool.${name}() after ${this.#state === 'closing' ? 'close' : 'terminate'}(): make a new pool.`,
      { code: 'ERR_FORKYARD_POOL_CLOSED' },
    );
  }

  // What somebody waits for keeps the program alive; a closing pool's workers are let go when all is done.
  #onProgress(): void {
    const awaited = this.#inputs.size > 0 || this.#engine.isAwaited;
    if (awaited !== this.#holds) {
      this.#holds = awaited;
      if (awaited) member().bell.hold();
      else member().bell.letGo();
    }
    if (this.#state === 'closing' && this.#inputs.size === 0 && this.#engine.isDone) this.#engine.close();
  }

  #onBroken(error: BrokenPoolError): void {
    if (this.#state === 'terminated') return;
    this.#state = 'broken';
    this.#failure = error;
    this.#failAll(error);
  }
}
