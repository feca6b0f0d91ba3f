// SocketConnection: a connection over a stream of Node's (a Unix or TCP socket), whose other side may be any program.
// Who connects is client.ts and listener.ts; what arrives inbox.ts, what leaves outbox.ts, what values look like codec.ts.
import type { Socket } from 'node:net';
import { ForkyardError } from '../errors.js';
import type { ResolvedWait } from '../options/wait-options.js';
import { localOnly } from '../util/local-only.js';
import { type Readiness, readiness } from '../waitable.js';
import { type Codec, jsonCodec, plainCodec } from './codec.js';
import { Connection } from './connection.js';
import { closedError, sendingEnded } from './failures.js';
import { frameOf, frameTooLong } from './frame.js';
import { challengedWithoutKey, isChallenge } from './handshake.js';
import { Inbox } from './inbox.js';
import { Outbox } from './outbox.js';

export interface SocketSettings {
  readonly json: boolean;
  readonly maxFrameBytes: number;
}

export class SocketConnection extends Connection {
  readonly #socket: Socket;
  readonly #codec: Codec;
  readonly #maxFrameBytes: number;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  #keepsAlive = true;

  /** The socket is not to end by itself when the other side does. `maxFirstBytes`: of messages that arrive, until `trust()`. */
  constructor(socket: Socket, settings: SocketSettings, maxFirstBytes?: number) {
    super({ canSend: true, canRecv: true });
    this.#socket = socket;
    this.#codec = settings.json ? jsonCodec : plainCodec();
    this.#maxFrameBytes = settings.maxFrameBytes;
    const hold = (): void => this.#hold();
    this.#inbox = new Inbox(socket, { first: maxFirstBytes, later: settings.maxFrameBytes }, hold);
    this.#outbox = new Outbox(socket, hold);
    socket.unref();
  }

  /** From now on messages may be as long as the settings say. */
  trust(): void {
    this.#inbox.trust(this.#maxFrameBytes);
  }

  /** Ends it without a word, whatever is on its way. */
  drop(): void {
    this.close();
    this.#socket.destroy();
  }

  get [readiness](): Readiness {
    return {
      isReady: () => this.closed || this.#inbox.isReady,
      watch: (tell) => this.#inbox.watch(tell),
    };
  }

  /** @internal */
  get [localOnly](): string {
    return 'Connection';
  }

  protected sendValue(method: string, value: unknown, wait: ResolvedWait): Promise<void> {
    return this.sendMessage(method, this.#codec.encode(value), wait);
  }

  protected sendMessage(method: string, bytes: Uint8Array, wait: ResolvedWait): Promise<void> {
    if (bytes.length > this.#maxFrameBytes)
      throw frameTooLong(`${method} was given`, bytes.length, this.#maxFrameBytes);
    return this.#outbox.send(method, frameOf(bytes), wait);
  }

  protected recvValue(method: string, wait: ResolvedWait): Promise<unknown> {
    return this.#inbox.take(method, Infinity, wait, (message) => this.#valueOf(message));
  }

  protected recvValueNow(method: string): { readonly value: unknown } | undefined {
    if (!this.#inbox.isReady) return undefined;
    return { value: this.#inbox.takeNow(method, Infinity, (message) => this.#valueOf(message)) };
  }

  protected recvMessage(method: string, maxLength: number, wait: ResolvedWait): Promise<Buffer> {
    return this.#inbox.take(method, maxLength, wait, (message) => message);
  }

  protected awaitReadable(method: string, wait: ResolvedWait): Promise<boolean> {
    return this.#inbox.awaitReady(method, wait);
  }

  protected sendValueSync(method: string): never {
    throw noSync(method);
  }

  protected sendMessageSync(method: string): never {
    throw noSync(method);
  }

  protected recvValueSync(method: string): never {
    throw noSync(method);
  }

  protected recvMessageSync(method: string): never {
    throw noSync(method);
  }

  protected awaitReadableSync(method: string): never {
    throw noSync(method);
  }

  // What the system has begun to take still goes; then the other side sees the end.
  protected shut(): void {
    this.#inbox.close(closedError);
    this.#outbox.close(closedError);
    this.#socket.destroySoon();
  }

  protected override endSending(): void {
    this.#outbox.close(sendingEnded);
    this.#socket.end();
  }

  // The other side has closed, and nobody would end ours (CLOSE_WAIT). It may still hear answers, if it has only ended its sending.
  protected override endReceiving(): void {
    this.#outbox.whenIdle(() => this.#socket.destroySoon());
  }

  protected keepAlive(keepsAlive: boolean): void {
    this.#keepsAlive = keepsAlive;
    this.#hold();
  }

  #valueOf(message: Buffer): unknown {
    try {
      return this.#codec.decode(message);
    } catch (error) {
      throw isChallenge(message) ? challengedWithoutKey() : error;
    }
  }

  // Before the constructor is done there is nothing to wait for.
  #hold(): void {
    if (this.#keepsAlive && this.#inbox.waiting + this.#outbox.waiting > 0) this.#socket.ref();
    else this.#socket.unref();
  }
}

function noSync(method: string): ForkyardError {
  const name = method.replace(/^Connection\./, '');
  return new ForkyardError(
    `${method}: a socket is served by the event loop, which would be blocked: use 'await ${name.replace(/Sync$/, '()')}', ` +
      'or a Pipe between processes of one program.',
    { code: 'ERR_FORKYARD_NO_SYNC' },
  );
}
