// Connection: one end of a way for messages, in one direction or both. Here is what all of them have in common: arguments,
// states, streams. How messages travel is the subclass's: sockets (socket-connection.ts), and pipes in shared memory (pipe/).
import type { Duplex, Readable, Writable } from 'node:stream';
import { type ResolvedWait, resolveWait, type WaitOptions } from '../options/wait-options.js';
import { type Readiness, readiness, type Waitable } from '../waitable.js';
import {
  type Bytes,
  copyInto,
  type PollOptions,
  type RecvBytesIntoOptions,
  type RecvBytesOptions,
  resolvePoll,
  resolveRecvBytes,
  resolveRecvBytesInto,
  resolveSendBytes,
  type SendBytesOptions,
} from './arguments.js';
import { closedError, wrongDirection } from './failures.js';
import {
  nodeDuplex,
  nodeReadable,
  nodeWritable,
  type ValueSource,
  valuesOf,
  webReadable,
  webWritable,
} from './streams.js';

/**
 * One end of a connection. Methods wait by promise; those that end in `Sync` block the thread, and a socket refuses them
 * (`ERR_FORKYARD_NO_SYNC`). Each waits for as long as its `timeout` says (milliseconds; then `TimeoutError`, and nothing was taken), else
 * as long as it takes. Where this end has not the direction: `ERR_FORKYARD_WRONG_DIRECTION`; after `close()`: `ERR_FORKYARD_CLOSED`. What
 * waits keeps the program alive. Python: `multiprocessing.connection.Connection`.
 */
export abstract class Connection implements Waitable, AsyncIterable<unknown> {
  /** Whether this end is one that sends; also after `close()`. */
  readonly canSend: boolean;
  /** Whether this end is one that receives; also after `close()`. */
  readonly canRecv: boolean;
  #closed = false;
  #readable: ReadableStream<unknown> | undefined;
  #writable: WritableStream<unknown> | undefined;

  protected constructor(directions: { readonly canSend: boolean; readonly canRecv: boolean }) {
    this.canSend = directions.canSend;
    this.canRecv = directions.canRecv;
  }

  /** Whether `close()` was called here; the other side's is told by the end of file. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Sends a value. `SerializationError` with its path if it cannot be; `ERR_FORKYARD_BROKEN_PIPE` if nobody receives any more. */
  send(value: unknown, options?: WaitOptions): Promise<void> {
    try {
      this.#requireSender('Connection.send');
      return this.sendValue('Connection.send', value, resolveWait('Connection.send', options, true));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `send`, blocking this thread. */
  sendSync(value: unknown, options?: Pick<WaitOptions, 'timeout'>): void {
    this.#requireSender('Connection.sendSync');
    this.sendValueSync('Connection.sendSync', value, resolveWait('Connection.sendSync', options, false));
  }

  /** The next value; in a pipe also bytes, as a Buffer. `EndOfFileError` when the other side is gone, and nothing is left. */
  recv(options?: WaitOptions): Promise<unknown> {
    try {
      this.#requireReceiver('Connection.recv');
      return this.recvValue('Connection.recv', resolveWait('Connection.recv', options, true));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `recv`, blocking this thread. */
  recvSync(options?: Pick<WaitOptions, 'timeout'>): unknown {
    this.#requireReceiver('Connection.recvSync');
    return this.recvValueSync('Connection.recvSync', resolveWait('Connection.recvSync', options, false));
  }

  /** Sends bytes as one message, which may be empty. When it resolves, the memory is the caller's again. Errors: those of `send`. */
  sendBytes(bytes: Bytes, options?: SendBytesOptions): Promise<void> {
    const method = 'Connection.sendBytes';
    try {
      this.#requireSender(method);
      const { value, wait } = resolveSendBytes(method, bytes, options, true);
      return this.sendMessage(method, value, wait);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `sendBytes`, blocking this thread. */
  sendBytesSync(bytes: Bytes, options?: Omit<SendBytesOptions, 'signal'>): void {
    const method = 'Connection.sendBytesSync';
    this.#requireSender(method);
    const { value, wait } = resolveSendBytes(method, bytes, options, false);
    this.sendMessageSync(method, value, wait);
  }

  /**
   * A whole message. One of more than `maxLength` bytes is `ERR_FORKYARD_MESSAGE_TOO_LONG`, a value in a pipe `ERR_FORKYARD_NOT_BYTES`;
   * both stay. Other errors: those of `recv`.
   */
  recvBytes(options?: RecvBytesOptions): Promise<Buffer> {
    const method = 'Connection.recvBytes';
    try {
      this.#requireReceiver(method);
      const { value, wait } = resolveRecvBytes(method, options, true);
      return this.recvMessage(method, value, wait);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `recvBytes`, blocking this thread. */
  recvBytesSync(options?: Omit<RecvBytesOptions, 'signal'>): Buffer {
    const method = 'Connection.recvBytesSync';
    this.#requireReceiver(method);
    const { value, wait } = resolveRecvBytes(method, options, false);
    return this.recvMessageSync(method, value, wait);
  }

  /**
   * Copies a message of bytes into `target`, from byte `offset` on; resolves to its length in bytes. If it does not fit: `BufferTooShort`,
   * whose `bytes` it is; then it is taken.
   */
  recvBytesInto(target: Bytes, options?: RecvBytesIntoOptions): Promise<number> {
    const method = 'Connection.recvBytesInto';
    try {
      this.#requireReceiver(method);
      const { value, wait } = resolveRecvBytesInto(method, target, options, true);
      return this.recvMessage(method, Number.POSITIVE_INFINITY, wait).then((message) =>
        copyInto(method, value, message),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `recvBytesInto`, blocking this thread. */
  recvBytesIntoSync(target: Bytes, options?: Omit<RecvBytesIntoOptions, 'signal'>): number {
    const method = 'Connection.recvBytesIntoSync';
    this.#requireReceiver(method);
    const { value, wait } = resolveRecvBytesInto(method, target, options, false);
    return copyInto(method, value, this.recvMessageSync(method, Number.POSITIVE_INFINITY, wait));
  }

  /**
   * Whether something, or the end, can be received within `timeout` milliseconds: by default now, less than 0 is 0, and
   * `Infinity` is for as long as it takes, as is `{ signal }` alone.
   */
  poll(timeout?: PollOptions): Promise<boolean> {
    try {
      this.#requireReceiver('Connection.poll');
      return this.awaitReadable('Connection.poll', resolvePoll('Connection.poll', timeout, true));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `poll`, blocking this thread. */
  pollSync(timeout?: number | Pick<WaitOptions, 'timeout'>): boolean {
    this.#requireReceiver('Connection.pollSync');
    return this.awaitReadableSync('Connection.pollSync', resolvePoll('Connection.pollSync', timeout, false));
  }

  /** Closes this end here; what waits here is rejected with `ERR_FORKYARD_CLOSED`. Again, it does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.shut();
  }

  /** What waits here keeps the program alive, as it does anyway: undoes `unref()`. */
  ref(): this {
    this.keepAlive(true);
    return this;
  }

  /** What waits here does not keep the program alive. */
  unref(): this {
    this.keepAlive(false);
    return this;
  }

  /** The values that arrive. Each is received when it is asked for, so cancelling the stream loses none. */
  get readable(): ReadableStream<unknown> {
    this.#requireReceiver('Connection.readable');
    this.#readable ??= webReadable(this.#source('Connection.readable'));
    return this.#readable;
  }

  /** Sends what is written; closing it closes the connection. */
  get writable(): WritableStream<unknown> {
    this.#requireSender('Connection.writable');
    this.#writable ??= webWritable(this.#sink());
    return this.#writable;
  }

  /** As `readable`, a stream of Node. It cannot hold `null`. */
  toReadable(): Readable {
    this.#requireReceiver('Connection.toReadable');
    return nodeReadable(this.#source('Connection.toReadable'));
  }

  /** As `writable`, a stream of Node. */
  toWritable(): Writable {
    this.#requireSender('Connection.toWritable');
    return nodeWritable(this.#sink());
  }

  /**
   * Both directions, a stream of Node. Its end tells the other side that nothing more is sent, by anybody who has this end, and the
   * answers still arrive; when they have ended, too, it closes the connection.
   */
  toDuplex(): Duplex {
    this.#requireReceiver('Connection.toDuplex');
    this.#requireSender('Connection.toDuplex');
    return nodeDuplex({ ...this.#sink(), ...this.#source('Connection.toDuplex') });
  }

  /** Values until the end of file; then a socket is given back, unless answers are being sent. A loop left before leaves it open. */
  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    return valuesOf(this.#source('Connection.recv'), () => this.endReceiving());
  }

  /** `close()`, at the end of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** For `wait()`: ready when there is something to receive, or the end. */
  abstract get [readiness](): Readiness;

  // What a subclass gives. `method` is for messages. None is called after `close()`, nor for a direction that there is not;
  // what they wait for when `shut` is called they reject with `closedError`. Promises may reject or the call may throw.

  /** Encodes within the call. */
  protected abstract sendValue(method: string, value: unknown, wait: ResolvedWait): Promise<void>;
  protected abstract sendValueSync(method: string, value: unknown, wait: ResolvedWait): void;
  /** `bytes` belong to the caller again when the promise is settled. */
  protected abstract sendMessage(method: string, bytes: Uint8Array, wait: ResolvedWait): Promise<void>;
  protected abstract sendMessageSync(method: string, bytes: Uint8Array, wait: ResolvedWait): void;
  protected abstract recvValue(method: string, wait: ResolvedWait): Promise<unknown>;
  protected abstract recvValueSync(method: string, wait: ResolvedWait): unknown;
  /** Undefined: none has arrived. Throws what `recvValue` rejects with. */
  protected abstract recvValueNow(method: string): { readonly value: unknown } | undefined;
  /** A message longer than `maxLength` stays: `messageTooLong`. */
  protected abstract recvMessage(method: string, maxLength: number, wait: ResolvedWait): Promise<Buffer>;
  protected abstract recvMessageSync(method: string, maxLength: number, wait: ResolvedWait): Buffer;
  /** False when the time was over. */
  protected abstract awaitReadable(method: string, wait: ResolvedWait): Promise<boolean>;
  protected abstract awaitReadableSync(method: string, wait: ResolvedWait): boolean;
  protected abstract shut(): void;
  protected abstract keepAlive(keepsAlive: boolean): void;

  /** Tells the other side that nothing more is sent, where the two directions can end apart. */
  protected endSending(): void {
    this.close();
  }

  /** A loop over all that arrives has come to its end. */
  protected endReceiving(): void {}

  #source(method: string): ValueSource {
    return {
      whenReadable: (signal) => this.awaitReadable(method, { timeoutMs: Infinity, signal }),
      takeValue: () => {
        this.#requireReceiver(method);
        return this.recvValueNow(method);
      },
    };
  }

  #sink() {
    return {
      send: (value: unknown, options?: WaitOptions) => this.send(value, options),
      end: () => (this.#closed ? undefined : this.endSending()),
      close: () => this.close(),
    };
  }

  #requireSender(method: string): void {
    if (this.#closed) throw closedError(method);
    if (!this.canSend) throw wrongDirection(method, 'receive');
  }

  #requireReceiver(method: string): void {
    if (this.#closed) throw closedError(method);
    if (!this.canRecv) throw wrongDirection(method, 'send');
  }
}
