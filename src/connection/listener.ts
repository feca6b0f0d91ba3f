// Listener: a socket that is listened at, and those who were let in. How they prove themselves is lobby.ts, how the file of a
// Unix socket comes to be socket-file.ts; what is said over a connection is no affair of this.
import type { Server, Socket } from 'node:net';
import { type AuthenticationError, ForkyardError } from '../errors.js';
import { loadAddon } from '../native/load.js';
import { timeoutError } from '../options/time-out.js';
import { resolveWait, type WaitOptions } from '../options/wait-options.js';
import { Fifo } from '../util/fifo.js';
import { localOnly } from '../util/local-only.js';
import { type Settleable, settleable } from '../util/settleable.js';
import { type Readiness, readiness, type Waitable } from '../waitable.js';
import { type Address, numberOf } from './address.js';
import type { Connection } from './connection.js';
import { startDeadline } from './deadline.js';
import { cluster, net } from './lazy-modules.js';
import {
  type ListenerOptions,
  type ResolvedListenerOptions,
  resolveListenerOptions,
} from './listener-options.js';
import { Lobby } from './lobby.js';
import type { SocketConnection } from './socket-connection.js';
import { pathInUse, refusedInCluster, socketError } from './socket-errors.js';
import { isStale, placeSocket, type SocketFile } from './socket-file.js';

const mostBacklog = 2 ** 31 - 1;

type PeerAddress = readonly [host: string, port: number] | null;

interface Arrival {
  readonly connection: SocketConnection;
  readonly peer: PeerAddress;
}

/** Somebody who waits in `accept`. */
interface Acceptor {
  readonly hearsRefusals: boolean;
  take(arrival: Arrival): void;
  fail(error: unknown): void;
}

/**
 * Listens at an address: the path of a Unix socket (mode 0600; one that begins with `\0` is abstract), `[host, port]`, or by
 * default at a Unix socket in a folder of its own. It does not keep the program alive; a pending `accept` does.
 * Python: `multiprocessing.connection.Listener`.
 */
export class Listener implements Waitable, AsyncIterable<Connection> {
  readonly #options: ResolvedListenerOptions;
  readonly #server: Server;
  readonly #lobby: Lobby;
  readonly #listening: Settleable<void> = settleable();
  readonly #arrivals = new Fifo<Arrival>();
  readonly #acceptors = new Set<Acceptor>();
  readonly #watchers = new Set<() => void>();
  #file: SocketFile | undefined;
  /** Why nothing is accepted any more. */
  #end: unknown;
  #lastAccepted: PeerAddress = null;
  #refused = 0;

  /**
   * Listens at once; that it cannot is told by `listening` and `accept`. Throws for an address or an option that makes no sense, and
   * `ResourceError` if without an address there can be no folder of its own.
   */
  constructor(address?: Address, options: ListenerOptions = {}) {
    this.#options = resolveListenerOptions(address, options);
    this.#lobby = new Lobby(this.#options, this.#options.maxUnauthenticated, {
      onAdmitted: (connection, socket) => this.#onAdmitted(connection, socket),
      onRefused: (error) => this.#onRefused(error),
    });
    this.#server = net().createServer({ allowHalfOpen: true, noDelay: true });
    this.#server.on('connection', (socket) => this.#lobby.enter(socket));
    this.#server.on('listening', () => this.#listening.resolve());
    this.#server.on('error', (error) => this.#fail(socketError(this.#act, error)));
    this.#server.unref();
    this.#listen().catch((error: unknown) => this.#fail(socketError(this.#act, error)));
  }

  /** Resolves when clients can connect; rejects if they never can, for instance because the address is in use. */
  get listening(): Promise<void> {
    return this.#listening.promise;
  }

  /** A path, or host and port; the port is the one that the system has chosen, once `listening` has resolved. */
  get address(): string | readonly [host: string, port: number] {
    const { address } = this.#options;
    if (address.family === 'AF_UNIX') return address.path;
    const bound = this.#server.address();
    return bound === null || typeof bound === 'string'
      ? [address.host, address.port]
      : [bound.address, bound.port];
  }

  /** Where the connection came from that was accepted last; null for Unix sockets, and before. */
  get lastAccepted(): PeerAddress {
    return this.#lastAccepted;
  }

  /** How many connections were refused: a wrong key, no handshake or too slow a one, too many at a time. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * The next connection, whose other side has proved that it knows the authkey. Rejects with `AuthenticationError` if somebody tries
   * with another key while this is the first to wait; the listener goes on. Nonsense and slowness are only counted (`refused`).
   */
  accept(options?: WaitOptions): Promise<Connection> {
    return this.#accept('Listener.accept', options, true);
  }

  /** Ends listening; what waits to be accepted is closed. Connections that were accepted stay. */
  close(): void {
    if (this.#end !== undefined) return;
    this.#fail(
      new ForkyardError('Listener: it was closed; make another one.', { code: 'ERR_FORKYARD_CLOSED' }),
    );
  }

  /** Connections until the listener is closed; who does not know the key is only counted. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Connection, void, undefined> {
    for (;;) {
      let connection: Connection;
      try {
        connection = await this.#accept('Listener', undefined, false);
      } catch (error) {
        if (error instanceof ForkyardError && error.code === 'ERR_FORKYARD_CLOSED') return;
        throw error;
      }
      yield connection;
    }
  }

  /** `close()`, at the end of `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** `close()`, at the end of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** For `wait()`: ready when somebody can be accepted, or nobody ever will. */
  get [readiness](): Readiness {
    return {
      isReady: () => this.#arrivals.length > 0 || this.#end !== undefined,
      watch: (tell) => {
        this.#watchers.add(tell);
        this.#hold();
        return () => {
          this.#watchers.delete(tell);
          this.#hold();
        };
      },
    };
  }

  /** @internal */
  get [localOnly](): string {
    return 'Listener';
  }

  get #act() {
    return { method: 'Listener', act: 'listen', address: this.#options.address } as const;
  }

  async #listen(): Promise<void> {
    const { address, backlog } = this.#options;
    // A cluster's primary would listen in the place of its workers.
    const how = { backlog, exclusive: true };
    if (address.family !== 'AF_UNIX') {
      const host = await numberOf(address);
      if (this.#end === undefined) this.#server.listen({ ...how, host, port: address.port });
    } else if (address.path.startsWith('\0')) {
      if (cluster().isWorker) throw refusedInCluster(this.#act);
      const fd = loadAddon().listenAbstract(address.path.slice(1), Math.min(backlog, mostBacklog));
      this.#server.listen({ fd }, backlog);
    } else {
      this.#listenAtFile(address.path, (path) => this.#server.listen({ ...how, path }).listening);
    }
  }

  #listenAtFile(path: string, bind: (path: string) => boolean): void {
    try {
      this.#file = placeSocket(path, bind);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
      this.#server.close();
      throw pathInUse(this.#act, isStale(path));
    }
  }

  async #accept(
    method: string,
    options: WaitOptions | undefined,
    hearsRefusals: boolean,
  ): Promise<Connection> {
    const wait = resolveWait(method, options, true);
    if (this.#acceptors.size === 0 && this.#arrivals.length > 0)
      return this.#welcome(this.#arrivals.shift() as Arrival);
    if (this.#end !== undefined) throw this.#end;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        stop();
        this.#acceptors.delete(acceptor);
        this.#hold();
      };
      const fail = (error: unknown): void => {
        leave();
        reject(error);
      };
      const acceptor: Acceptor = {
        hearsRefusals,
        take: (arrival) => {
          leave();
          resolve(this.#welcome(arrival));
        },
        fail,
      };
      const stop = startDeadline(wait, {
        onTimeout: () => fail(timeoutError(method, 'nobody has connected', wait.timeoutMs)),
        onAbort: fail,
      });
      this.#acceptors.add(acceptor);
      this.#hold();
    });
  }

  #welcome({ connection, peer }: Arrival): Connection {
    this.#lastAccepted = peer;
    return connection;
  }

  #onAdmitted(connection: SocketConnection, socket: Socket): void {
    if (this.#arrivals.length >= this.#options.backlog) {
      connection.drop();
      this.#onRefused(undefined);
      return;
    }
    const { remoteAddress, remotePort } = socket;
    const peer = remoteAddress === undefined ? null : ([remoteAddress, remotePort as number] as const);
    const [first] = this.#acceptors;
    if (first !== undefined) first.take({ connection, peer });
    else this.#arrivals.push({ connection, peer });
    this.#tellWatchers();
  }

  #onRefused(error: AuthenticationError | undefined): void {
    this.#refused++;
    const [first] = this.#acceptors;
    if (error !== undefined && first?.hearsRefusals) first.fail(error);
  }

  #fail(end: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#listening.reject(end);
    this.#server.close();
    this.#file?.remove();
    this.#lobby.close();
    for (const { connection } of this.#arrivals.takeAll()) connection.close();
    for (const acceptor of this.#acceptors) acceptor.fail(end);
    this.#tellWatchers();
  }

  #tellWatchers(): void {
    for (const tell of [...this.#watchers]) tell();
  }

  #hold(): void {
    if (this.#acceptors.size + this.#watchers.size > 0) this.#server.ref();
    else this.#server.unref();
  }
}
