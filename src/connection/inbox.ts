// What arrives at a socket: parsed into messages, kept in order, given to those who wait, and read no further while there is
// enough. What is sent is outbox.ts.
import type { Socket } from 'node:net';
import { ForkyardError } from '../errors.js';
import { timeoutError } from '../options/time-out.js';
import type { ResolvedWait } from '../options/wait-options.js';
import { Fifo } from '../util/fifo.js';
import { startDeadline } from './deadline.js';
import { endOfFile, messageTooLong } from './failures.js';
import { FrameParser } from './frame.js';

/** What may wait here to be received before the socket is read on. */
const enoughMessages = 256;
const enoughBytes = 2 ** 20;

/** How messages come to an end. */
type End = (method: string) => ForkyardError;

/** Somebody who waits: `look` is called when there is something, and takes it. */
interface Waiter {
  look(): void;
  fail(error: End): void;
}

export class Inbox {
  readonly #socket: Socket;
  readonly #parser: FrameParser;
  readonly #messages = new Fifo<Buffer>();
  #bytes = 0;
  /** Nobody reads ahead of a stranger: what it says after the handshake may be longer than what it may say in it. */
  #isTrusted: boolean;
  /** There may be messages in the parser, and more in the socket. */
  #isHeldUp = false;
  /** Nothing more comes out of the socket. */
  #last: End | undefined;
  /** Nothing more comes at all. */
  #end: End | undefined;
  readonly #waiters = new Set<Waiter>();
  readonly #watchers = new Set<() => void>();
  /** Called when the number of those who wait has changed. */
  readonly #onWaiters: () => void;

  /** `limits.first`: of messages until `trust()`; without it there is trust from the start. */
  constructor(
    socket: Socket,
    limits: { readonly first: number | undefined; readonly later: number },
    onWaiters: () => void,
  ) {
    this.#socket = socket;
    this.#isTrusted = limits.first === undefined;
    this.#parser = new FrameParser(limits.first ?? limits.later);
    this.#onWaiters = onWaiters;
    socket.on('data', (chunk: Buffer) => {
      this.#parser.push(chunk);
      this.#fill();
    });
    socket.on('end', () => this.#finish(endOfFile));
    socket.on('error', (cause) => this.#finish(() => lost('the system says so (see cause)', cause)));
    // A reset says so before.
    socket.on('close', () => this.#finish(endOfFile));
  }

  /** Whether something, or the end, can be received now. */
  get isReady(): boolean {
    return this.#messages.length > 0 || this.#end !== undefined;
  }

  get waiting(): number {
    return this.#waiters.size + this.#watchers.size;
  }

  /** The other side is who it should be: from now on its messages may be as long as that. */
  trust(maxFrameBytes: number): void {
    this.#isTrusted = true;
    this.#parser.maxFrameBytes = maxFrameBytes;
    this.#fill();
  }

  /** Calls `tell` whenever there may be something new. */
  watch(tell: () => void): () => void {
    this.#watchers.add(tell);
    this.#onWaiters();
    return () => {
      if (this.#watchers.delete(tell)) this.#onWaiters();
    };
  }

  /** The next message as `convert` has it, in turn. */
  take<T>(
    method: string,
    maxLength: number,
    wait: ResolvedWait,
    convert: (message: Buffer) => T,
  ): Promise<T> {
    const take = async (): Promise<T> => this.takeNow(method, maxLength, convert);
    if (this.#waiters.size === 0 && this.isReady) return take();
    return this.#wait(method, wait, {
      get: take,
      late: () => Promise.reject(timeoutError(method, 'nothing has arrived', wait.timeoutMs)),
    });
  }

  /** The next message, which is there, or the end, which is thrown. */
  takeNow<T>(method: string, maxLength: number, convert: (message: Buffer) => T): T {
    const message = this.#messages.peek();
    if (message === undefined) throw (this.#end as End)(method);
    if (message.length > maxLength) throw messageTooLong(method, message.length, maxLength);
    this.#messages.shift();
    this.#bytes -= message.length;
    if (this.#isHeldUp && this.#isHalfEmpty) this.#fill();
    return convert(message);
  }

  /** Whether something can be received within that time. */
  awaitReady(method: string, wait: ResolvedWait): Promise<boolean> {
    if (this.isReady) return Promise.resolve(true);
    return this.#wait(method, wait, {
      get: () => Promise.resolve(true),
      late: () => Promise.resolve(false),
    });
  }

  /** Nothing is received any more, neither by those who wait. */
  close(error: End): void {
    this.#messages.clear();
    this.#end ??= error;
    for (const waiter of this.#waiters) waiter.fail(error);
    this.#tellWatchers();
  }

  #wait<T>(method: string, wait: ResolvedWait, how: { get(): Promise<T>; late(): Promise<T> }): Promise<T> {
    return new Promise<T>((resolve) => {
      // First of all: what is taken may let more arrive, for others.
      const leave = (): void => {
        stop();
        this.#waiters.delete(waiter);
        this.#onWaiters();
      };
      const waiter: Waiter = {
        look: () => {
          leave();
          resolve(how.get());
        },
        fail: (error) => {
          leave();
          resolve(Promise.reject(error(method)));
        },
      };
      const stop = startDeadline(wait, {
        onTimeout: () => {
          leave();
          resolve(how.late());
        },
        onAbort: (reason) => {
          leave();
          resolve(Promise.reject(reason));
        },
      });
      this.#waiters.add(waiter);
      this.#onWaiters();
      if (this.#isHeldUp) this.#fill();
    });
  }

  #fill(): void {
    try {
      for (;;) {
        this.#isHeldUp = !this.#mayParse;
        if (this.#isHeldUp) break;
        const message = this.#parser.next();
        if (message === undefined) {
          if (this.#last !== undefined) this.#end ??= this.#parser.isInside ? truncated : this.#last;
          break;
        }
        this.#messages.push(message);
        this.#bytes += message.length;
      }
    } catch (error) {
      // Where the next message begins nobody knows.
      this.#end ??= () => error as ForkyardError;
      this.#socket.destroy();
    }
    if (this.#isHeldUp) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
    this.#tell();
  }

  get #mayParse(): boolean {
    if (!this.#isTrusted) return this.#messages.length < this.#waiters.size;
    return this.#messages.length < enoughMessages && this.#bytes < enoughBytes;
  }

  get #isHalfEmpty(): boolean {
    return this.#messages.length <= enoughMessages / 2 && this.#bytes <= enoughBytes / 2;
  }

  // What had arrived before is received before.
  #finish(last: End): void {
    this.#last ??= last;
    this.#fill();
  }

  // What waits may also be what the one in front does not take.
  #tell(): void {
    for (const waiter of this.#waiters) {
      if (!this.isReady) break;
      waiter.look();
    }
    this.#tellWatchers();
  }

  #tellWatchers(): void {
    for (const tell of [...this.#watchers]) tell();
  }
}

const truncated: End = () => lost('it ended inside of a message');

function lost(why: string, cause?: unknown): ForkyardError {
  return new ForkyardError(`The connection broke: ${why}; what the other side sent last may be missing.`, {
    code: 'ERR_FORKYARD_CONNECTION_LOST',
    cause,
  });
}
