// What is sent through a socket: handed to the system in order, no more at once than it takes, the rest in a queue out of
// which it can be taken again. What arrives is inbox.ts.
import type { Socket } from 'node:net';
import { ForkyardError, TimeoutError } from '../errors.js';
import { timeoutError } from '../options/time-out.js';
import type { ResolvedWait } from '../options/wait-options.js';
import { startDeadline } from './deadline.js';
import { brokenPipe } from './failures.js';

const partlySentCode = 'ERR_FORKYARD_PARTLY_SENT';

interface Sending {
  readonly method: string;
  readonly frame: Buffer;
  /** The system may have a part of it. */
  hasBegun: boolean;
  settle(error?: unknown): void;
}

export class Outbox {
  readonly #socket: Socket;
  readonly #sendings = new Set<Sending>();
  #isFull = false;
  #failure: ((method: string) => ForkyardError) | undefined;
  readonly #onSendings: () => void;
  #onIdle: (() => void) | undefined;

  constructor(socket: Socket, onSendings: () => void) {
    this.#socket = socket;
    this.#onSendings = onSendings;
    socket.on('drain', () => {
      this.#isFull = false;
      this.#handOver();
    });
    this.#keepReading();
    socket.on('error', (cause) => this.#fail((method) => brokenPipe(method, cause)));
    socket.on('close', () => this.#fail((method) => brokenPipe(method)));
  }

  /** How many are not sent yet. */
  get waiting(): number {
    return this.#sendings.size;
  }

  /** Resolves when the system has taken all of it. The frame is the outbox's. */
  send(method: string, frame: Buffer, wait: ResolvedWait): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure(method));
    return new Promise((resolve, reject) => {
      const sending: Sending = {
        method,
        frame,
        hasBegun: false,
        settle: (error) => {
          stop();
          if (!this.#sendings.delete(sending)) return;
          this.#onSendings();
          if (error === undefined) resolve();
          else reject(error);
          if (this.#sendings.size === 0) this.#lookWhetherIdle();
        },
      };
      const stop = startDeadline(wait, {
        onTimeout: () => sending.settle(tooSlow(sending, wait.timeoutMs)),
        onAbort: (reason) => sending.settle(aborted(sending, reason)),
      });
      this.#sendings.add(sending);
      this.#onSendings();
      this.#handOver();
    });
  }

  /** Calls back when nothing has been sent for a turn of the event loop, and nothing waits to be. */
  whenIdle(then: () => void): void {
    this.#onIdle = then;
    if (this.#sendings.size === 0) this.#lookWhetherIdle();
  }

  /** What the system has begun to take is sent; what it has not is rejected. */
  close(error: (method: string) => ForkyardError): void {
    this.#failure ??= error;
    for (const sending of [...this.#sendings]) if (!sending.hasBegun) sending.settle(error(sending.method));
  }

  #lookWhetherIdle(): void {
    if (this.#onIdle === undefined) return;
    setImmediate(() => {
      if (this.#sendings.size === 0) this.#onIdle?.();
    });
  }

  #handOver(): void {
    for (const sending of this.#sendings) {
      if (this.#isFull) return;
      if (sending.hasBegun) continue;
      sending.hasBegun = true;
      this.#isFull = !this.#socket.write(sending.frame, (cause) =>
        sending.settle(cause ? brokenPipe(sending.method, cause) : undefined),
      );
    }
  }

  // A stream whose write fails is destroyed, with all that has arrived: but who has closed may have said something before.
  #keepReading(): void {
    const socket = this.#socket;
    type Done = (error?: Error | null) => void;
    const heard =
      (done: Done): Done =>
      (error) => {
        if (error) this.#fail((method) => brokenPipe(method, error));
        done();
      };
    const { _write: write, _writev: writev } = socket;
    socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, heard(done));
    socket._writev = (chunks, done) => writev?.call(socket, chunks, heard(done));
  }

  #fail(failure: (method: string) => ForkyardError): void {
    this.#failure ??= failure;
    for (const sending of [...this.#sendings]) sending.settle(failure(sending.method));
  }
}

function tooSlow({ method, hasBegun }: Sending, timeoutMs: number): TimeoutError {
  if (!hasBegun) return timeoutError(method, 'the other side does not receive', timeoutMs);
  const message = partlySent(
    `${method}: timed out after ${timeoutMs} ms; the other side does not receive, and`,
  );
  return new TimeoutError(message, { code: partlySentCode, timeout: timeoutMs });
}

function aborted({ method, hasBegun }: Sending, reason: unknown): unknown {
  if (!hasBegun) return reason;
  const message = partlySent(`${method}: it was aborted (see cause); the other side`);
  return new ForkyardError(message, { code: partlySentCode, cause: reason });
}

function partlySent(what: string): string {
  return `${what} has a part of the message: the rest follows when it receives. Do not send it again; close() the connection to give it up.`;
}
