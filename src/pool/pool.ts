// Pool: Python's class. The calls of a user become tasks and feeds here; who runs them is dispatcher.ts, who keeps the
// workers alive supervisor.ts, how results are put together results/.

import { detachEncoded } from '../channel/ring-writer.js';
import { encodingTools } from '../channel/tools.js';
import { argumentTypeError, BrokenPoolError, ForkyardError } from '../errors.js';
import { member } from '../family/membership.js';
import type { TaskTarget } from '../task/define-tasks.js';
import { assertNotBootstrapping } from '../task/importing.js';
import { referenceOf } from '../task/reference.js';
import { localOnly } from '../util/local-only.js';
import { type Settleable, settleable } from '../util/settleable.js';
import { defaultChunkSize } from './chunk.js';
import { Dispatcher } from './dispatcher.js';
import { checkArgLists, collect, iteratorOf, optionsObject } from './inputs.js';
import { taskMessageType } from './messages.js';
import { type PoolOptions, type ResolvedPoolOptions, resolvePoolOptions, wholeNumber } from './options.js';
import { processBackend } from './process-backend.js';
import { ApplyCall } from './results/apply-call.js';
import { MapCall } from './results/map-call.js';
import { StreamCall } from './results/stream-call.js';
import { collectStatistics, type PoolState, type PoolStatistics } from './statistics.js';
import { Supervisor } from './supervisor.js';

export interface MapOptions {
  /** Items per message to a worker. Default of `map`: a quarter of a worker's share; of `imap`: 1. */
  readonly chunkSize?: number | undefined;
}

export interface ImapOptions extends MapOptions {
  /** Chunks that may be under way or wait to be taken: the input is read no further. Default 2 per worker. */
  readonly bufferSize?: number | undefined;
}

const noArguments: unknown[] = [];

type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/**
 * A number of processes that run tasks. Errors of a task arrive as the same class; a task whose worker dies rejects
 * with `WorkerLostError`, the worker is replaced, and no other task is lost. Methods that return a promise never throw,
 * they reject. An idle pool does not keep the program alive. Python: `multiprocessing.Pool`.
 */
export class Pool {
  readonly #options: ResolvedPoolOptions;
  readonly #dispatcher: Dispatcher;
  readonly #supervisor: Supervisor;
  readonly #gone = settleable<void>();
  readonly #taskNumbers = new WeakMap<object, number>();
  #state: PoolState = 'open';
  #failure: BrokenPoolError | undefined;
  readonly #collecting = new Set<Settleable<never>>();
  #holds = false;

  constructor(options?: number | PoolOptions) {
    assertNotBootstrapping('new Pool()');
    this.#options = resolvePoolOptions(options);
    const { encoder, slabs } = encodingTools(member());
    this.#dispatcher = new Dispatcher(this.#options.concurrency, {
      encode: (value) => detachEncoded(encoder, slabs, value),
      discard: ({ cells }) => {
        for (const cell of cells) slabs.drop(cell);
      },
      onProgress: () => this.#onProgress(),
    });
    this.#supervisor = new Supervisor(this.#options, {
      backend: processBackend(this.#options),
      dispatcher: this.#dispatcher,
      hooks: { onBroken: (error) => this.#onBroken(error), onAllGone: () => this.#onAllGone() },
    });
    this.#supervisor.startAll();
  }

  /** @internal */
  get [localOnly](): string {
    return 'Pool';
  }

  /** Calls `task(...args)` in a worker. */
  apply<Args extends unknown[], Result>(
    task: TaskTarget<Args, Result>,
    args?: Args,
  ): Promise<Awaited<Result>> {
    // Not an async function: its two more promises would cost a tenth of the throughput of tiny tasks.
    try {
      if (args !== undefined && !Array.isArray(args)) {
        throw argumentTypeError('Pool.apply', 'args', 'an array', args);
      }
      const taskNumber = this.#open('apply', task);
      const call = new ApplyCall();
      const value = args ?? noArguments;
      this.#dispatcher.submit(
        { type: taskMessageType.apply, taskNumber, index: 0, value, firstItem: 0 },
        call,
      );
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
    this.#supervisor.terminate();
    if (wasBroken) return;
    const code = 'ERR_FORKYARD_POOL_TERMINATED';
    this.#failAll(new BrokenPoolError('The pool was terminated before this task was done.', { code }));
  }

  /** Resolves when all workers have ended. Only after `close` or `terminate`. */
  async join(): Promise<void> {
    if (this.#state === 'open') {
      throw new ForkyardError('Pool.join() while the pool is open: call close() or terminate() first.', {
        code: 'ERR_FORKYARD_POOL_STATE',
      });
    }
    const { bell } = member();
    bell.hold();
    await this.#gone.promise;
    bell.letGo();
  }

  stats(): PoolStatistics {
    return collectStatistics(this.#state, this.#dispatcher, this.#supervisor);
  }

  /** Terminates and joins, as in Python: the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate();
    await this.join();
  }

  #map(
    name: 'map' | 'starmap',
    call: { task: unknown; items: unknown; options: MapOptions },
  ): Promise<unknown[]> {
    const method = `Pool.${name}`;
    const taskNumber = this.#open(name, call.task);
    const { chunkSize: given } = optionsObject(method, call.options, ['chunkSize']);
    const size = given === undefined ? 0 : wholeNumber(method, 'chunkSize', given);
    const start = (items: unknown[]): Promise<unknown[]> => {
      if (name === 'starmap') checkArgLists(items);
      const chunkSize = size === 0 ? defaultChunkSize(items.length, this.#options.processes) : size;
      const map = new MapCall({ items, chunkSize, type: taskMessageType[name], taskNumber });
      if (items.length > 0) this.#dispatcher.addFeed(map);
      return map.promise;
    };
    const items = collect(method, call.items);
    return items instanceof Promise ? this.#accepted(items, start) : start(items);
  }

  // An asynchronous input is being read: what was accepted is done, though the pool be closed meanwhile.
  async #accepted(
    input: Promise<unknown[]>,
    start: (items: unknown[]) => Promise<unknown[]>,
  ): Promise<unknown[]> {
    const ended = settleable<never>();
    this.#collecting.add(ended);
    this.#onProgress();
    try {
      return await start(await Promise.race([input, ended.promise]));
    } finally {
      this.#collecting.delete(ended);
      this.#onProgress();
    }
  }

  #failAll(error: BrokenPoolError): void {
    for (const { reject } of this.#collecting) reject(error);
    this.#dispatcher.failAll(error);
  }

  #imap(
    name: 'imap' | 'imapUnordered',
    call: { task: unknown; items: unknown; options: ImapOptions; ordered: boolean },
  ): AsyncIterableIterator<unknown> {
    const method = `Pool.${name}`;
    const taskNumber = this.#open(name, call.task);
    const { processes, concurrency } = this.#options;
    const { chunkSize = 1, bufferSize = 2 * processes * concurrency } = optionsObject(method, call.options, [
      'chunkSize',
      'bufferSize',
    ]);
    const stream = new StreamCall(
      {
        input: iteratorOf(method, call.items),
        chunkSize: wholeNumber(method, 'chunkSize', chunkSize),
        bufferSize: wholeNumber(method, 'bufferSize', bufferSize),
        ordered: call.ordered,
        type: taskMessageType.map,
        taskNumber,
      },
      () => this.#dispatcher.pump(),
    );
    this.#dispatcher.addFeed(stream);
    return stream.iterator();
  }

  #open(name: string, task: unknown): number {
    this.#requireOpen(name);
    const isFunction = typeof task === 'function';
    const known = isFunction ? this.#taskNumbers.get(task) : undefined;
    if (known !== undefined) return known;
    const number = this.#dispatcher.numberOf(referenceOf(task as TaskTarget, `Pool.${name}`));
    if (isFunction) this.#taskNumbers.set(task, number);
    return number;
  }

  #requireOpen(name: string): void {
    if (this.#state === 'open') return;
    if (this.#failure !== undefined) throw this.#failure;
    throw new ForkyardError(
      `Pool.${name}() after ${this.#state === 'closing' ? 'close' : 'terminate'}(): make a new pool.`,
      {
        code: 'ERR_FORKYARD_POOL_CLOSED',
      },
    );
  }

  // What somebody waits for keeps the program alive; a closing pool's workers are let go when all is done.
  #onProgress(): void {
    const awaited = this.#collecting.size > 0 || this.#dispatcher.isAwaited;
    if (awaited !== this.#holds) {
      this.#holds = awaited;
      if (awaited) member().bell.hold();
      else member().bell.letGo();
    }
    if (this.#state === 'closing' && this.#collecting.size === 0 && this.#dispatcher.isDone)
      this.#supervisor.close();
  }

  #onBroken(error: BrokenPoolError): void {
    if (this.#state === 'terminated') return;
    this.#state = 'broken';
    this.#failure = error;
    this.#failAll(error);
  }

  #onAllGone(): void {
    this.#gone.resolve();
  }
}
