// SimpleQueue: first in, first out, for any number of processes that put and that get. Python: multiprocessing.SimpleQueue; unlike
// it, it grows, and closing it tells the others. Queue and JoinableQueue can do more of the same.
import type { Readable } from 'node:stream';
import { nodeReadable, type ValueSource, webReadable } from '../connection/streams.js';
import { EndOfFileError, QueueClosed, QueueEmpty, QueueFull, TimeoutError } from '../errors.js';
import { member } from '../family/membership.js';
import { turnGiver } from '../family/turns.js';
import {
  forever,
  optionsOf,
  type ResolvedWait,
  resolveWait,
  type WaitOptions,
} from '../options/wait-options.js';
import { type Readiness, readiness, type Waitable } from '../waitable.js';
import { queueFor, queueKind } from './kinds.js';
import { anything, type GetResult, MessageQueue, type PutResult, type QueueShape } from './message-queue.js';
import { discard, encodeValue, keep, type OutgoingItem } from './outgoing.js';
import { lookFor } from './queue-room.js';

/** What is the same in all queues. */
export interface QueueOptions {
  readonly kind: number;
  readonly maxSize?: number;
  readonly needsDone?: boolean;
}

const firstRingBytes = 64 * 1024;

/** A queue that grows as long as there is memory. Send it in arguments, results, and inside of objects. */
export class SimpleQueue<T = unknown> implements Waitable, AsyncIterable<T>, Iterable<T> {
  /** @internal */
  readonly messages: MessageQueue;
  #readable: ReadableStream<unknown> | undefined;

  /** Throws `ResourceError` when shared memory is used up. */
  constructor();
  /** @internal */
  constructor(options: QueueOptions);
  constructor(options: QueueOptions = { kind: queueKind.simple }) {
    const shape: QueueShape = {
      kind: options.kind,
      maxItems: options.maxSize ?? 0,
      maxRings: member().addon.constants.queueMaxRings,
      firstRingBytes,
      needsDone: options.needsDone === true,
    };
    const why = { items: () => 'nobody has put anything in', space: () => this.whyFull() };
    this.messages = queueFor(this, (block) => MessageQueue.of(block ?? shape, why));
  }

  /**
   * Puts a value in; waits while there is no room, at most `timeout` milliseconds (`QueueFull`). It is encoded here and now:
   * `SerializationError` names what cannot be sent. `QueueClosed` after `close()`, `ResourceError` when shared memory is used up.
   */
  async put(value: T, options?: WaitOptions): Promise<void> {
    const wait = this.#resolve('put', options, true);
    await this.putItem('put', encodeValue(value), wait);
  }

  /** As `put`, blocking this thread while there is no room. */
  putSync(value: T, options?: Pick<WaitOptions, 'timeout'>): void {
    const wait = this.#resolve('putSync', options, false);
    this.putItemSync('putSync', encodeValue(value), wait);
  }

  /**
   * Takes the first value out; waits until there is one, at most `timeout` milliseconds (`QueueEmpty`). `QueueClosed` when there will
   * be no more. With this call the value before counts as handled: see `lost`.
   */
  get(options?: WaitOptions): Promise<T> {
    return this.take('get', options);
  }

  /** As `get`, blocking this thread while there is none. */
  getSync(options?: Pick<WaitOptions, 'timeout'>): T {
    return this.takeSync('getSync', options);
  }

  /** Whether there is nothing in it, at this moment. */
  empty(): boolean {
    return this.messages.size === 0;
  }

  /** Whether it was closed, by whomever. */
  get closed(): boolean {
    return this.messages.counts.isClosed;
  }

  /**
   * How many values are lost because the process or thread that had taken them died before it was done with them: before it took
   * the next one, or ended with exit code 0; with a JoinableQueue before `taskDone()`.
   */
  get lost(): number {
    return this.messages.counts.lost;
  }

  /** Nothing more is put in, by anybody; who gets has what is in it, and then `QueueClosed`. Again, it does nothing. */
  close(): void {
    this.messages.close();
  }

  /** The values until the queue is closed and empty, as they are asked for. */
  get readable(): ReadableStream<unknown> {
    this.#readable ??= webReadable(this.#source('readable'));
    return this.#readable;
  }

  /** The same as a stream of Node. It cannot hold `null`. */
  toReadable(): Readable {
    return nodeReadable(this.#source('toReadable'));
  }

  /** Values until the queue is closed and empty. However many there are, the rest of the program has its turns. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const turn = turnGiver();
    try {
      for (;;) {
        yield await this.get();
        await turn();
      }
    } catch (error) {
      if (!(error instanceof QueueClosed)) throw error;
    } finally {
      this.finishTaken();
    }
  }

  /** The same, blocking this thread. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    try {
      for (;;) yield this.getSync();
    } catch (error) {
      if (!(error instanceof QueueClosed)) throw error;
    } finally {
      this.finishTaken();
    }
  }

  /** Ready: there is a value, or there will be no more. */
  get [readiness](): Readiness {
    const { items } = this.messages;
    const attempt = this.messages.getting(anything);
    return { isReady: attempt.isPossible, watch: (tell) => items.watch(attempt.isPossible, tell) };
  }

  /** What was taken here counts as handled. */
  protected finishTaken(): void {
    this.messages.finishTaken();
  }

  protected async take(name: string, options?: WaitOptions): Promise<T> {
    const wait = this.#resolve(name, options, true);
    this.finishTaken();
    const { items } = this.messages;
    let got = items.hasQueue ? undefined : this.messages.tryGet(anything);
    if (got?.ended === 'got') return got.value as T;
    const method = this.methodName(name);
    try {
      const attempt = this.messages.getting(anything, wait.timeoutMs === 0);
      got ??= await items.wait(method, attempt, optionsOf(wait));
    } catch (error) {
      throw emptyIfTimeout(error);
    }
    return gotValue(method, got) as T;
  }

  protected takeSync(name: string, options?: Pick<WaitOptions, 'timeout'>): T {
    const wait = this.#resolve(name, options, false);
    this.finishTaken();
    let got = this.messages.tryGet(anything);
    if (got?.ended === 'got') return got.value as T;
    const method = this.methodName(name);
    try {
      const attempt = this.messages.getting(anything, wait.timeoutMs === 0);
      got ??= this.messages.items.waitSync(method, attempt, { timeout: wait.timeoutMs });
    } catch (error) {
      throw emptyIfTimeout(error);
    }
    return gotValue(method, got) as T;
  }

  protected whyFull(): string {
    return `it holds as much as it can: ${this.messages.size} values`;
  }

  /** For errors. */
  protected methodName(method: string): string {
    return `${this.constructor.name}.${method}`;
  }

  /** Not ahead of those who wait here already. False: it is not in. */
  protected putAtOnce(item: OutgoingItem): boolean {
    const { messages } = this;
    return !messages.space.hasQueue && messages.tryPut(item)?.ended === 'put';
  }

  protected async putItem(method: string, item: OutgoingItem, wait: ResolvedWait): Promise<void> {
    const { messages } = this;
    let result: PutResult | undefined;
    try {
      if (!messages.space.hasQueue) result = messages.tryPut(item);
      if (result === undefined) {
        const attempt = messages.putting(keep(item), wait.timeoutMs === 0);
        result = await messages.space.wait(this.methodName(method), attempt, optionsOf(wait));
      }
    } catch (error) {
      throw fullIfTimeout(error);
    } finally {
      if (result?.ended !== 'put') discard(item);
    }
    if (result.ended !== 'put') throw this.#refusal(method, result);
  }

  protected putItemSync(method: string, item: OutgoingItem, wait: ResolvedWait): void {
    const { messages } = this;
    let result: PutResult | undefined;
    try {
      result = messages.tryPut(item);
      if (result === undefined) {
        const attempt = messages.putting(keep(item), wait.timeoutMs === 0);
        const timeout = wait.timeoutMs;
        result = messages.space.waitSync(this.methodName(method), attempt, { timeout });
      }
    } catch (error) {
      throw fullIfTimeout(error);
    } finally {
      if (result?.ended !== 'put') discard(item);
    }
    if (result.ended !== 'put') throw this.#refusal(method, result);
  }

  // Before anything is encoded: the options may be read by code of the user's.
  #resolve(method: string, options: WaitOptions | undefined, byPromise: boolean): ResolvedWait {
    return options === undefined ? forever : resolveWait(this.methodName(method), options, byPromise);
  }

  #refusal(method: string, result: PutResult): unknown {
    if (result.ended === 'failed') return result.error;
    return new QueueClosed(`${this.methodName(method)}: the queue was closed; nothing more can be put in.`);
  }

  #source(name: string): ValueSource {
    const method = this.methodName(name);
    const { isPossible } = this.messages.getting(anything);
    return {
      whenReadable: (signal) => this.messages.items.wait(method, lookFor(isPossible), { signal }),
      takeValue: () => {
        this.finishTaken();
        const got = this.messages.tryGet(anything);
        if (got?.ended === 'closed') throw new EndOfFileError(`${method}: the queue was closed.`);
        return got && { value: gotValue(method, got) };
      },
    };
  }
}

/** What was got. Throws what it was instead. */
export function gotValue(method: string, got: GetResult): unknown {
  if (got.ended === 'got') return got.value;
  if (got.ended === 'failed') throw got.error;
  throw new QueueClosed(`${method}: the queue was closed, and nothing is left in it.`);
}

function emptyIfTimeout(error: unknown): unknown {
  return error instanceof TimeoutError ? new QueueEmpty(error.message, { cause: error }) : error;
}

function fullIfTimeout(error: unknown): unknown {
  return error instanceof TimeoutError ? new QueueFull(error.message, { cause: error }) : error;
}
