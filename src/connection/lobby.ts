// Lobby: where those who connect to a listener prove that they know its authkey, all at the same time: one who takes his time
// holds nobody up. Who is admitted is listener.ts's; what is said is handshake.ts.
import type { Socket } from 'node:net';
import { AuthenticationError } from '../errors.js';
import { perform } from './challenge.js';
import { listenerHandshake, maxHandshakeBytes, wrongKeyCode } from './handshake.js';
import { SocketConnection } from './socket-connection.js';
import type { ResolvedSocketOptions } from './socket-options.js';

export interface LobbyEvents {
  onAdmitted(connection: SocketConnection, socket: Socket): void;
  /** `error`: somebody speaks as he should, and does not know the key. Else it was nonsense, or took too long, or was too much. */
  onRefused(error: AuthenticationError | undefined): void;
}

// Of Node's timers.
const longestTimerMs = 2 ** 31 - 1;

export class Lobby {
  readonly #options: ResolvedSocketOptions;
  readonly #room: number;
  readonly #events: LobbyEvents;
  /** Oldest first. */
  readonly #strangers = new Set<SocketConnection>();

  constructor(options: ResolvedSocketOptions, room: number, events: LobbyEvents) {
    this.#options = options;
    this.#room = room;
    this.#events = events;
  }

  enter(socket: Socket): void {
    const { handshake, settings } = this.#options;
    if (handshake === undefined) {
      this.#events.onAdmitted(new SocketConnection(socket, settings), socket);
      return;
    }
    const stranger = new SocketConnection(socket, settings, maxHandshakeBytes).unref();
    this.#strangers.add(stranger);
    this.#makeRoom();
    perform(stranger, listenerHandshake(handshake), this.#patience()).then(
      () => this.#admit(stranger, socket),
      (error: unknown) => this.#refuse(stranger, error),
    );
  }

  /** Everybody leaves, unheard. */
  close(): void {
    for (const stranger of this.#strangers) stranger.drop();
    this.#strangers.clear();
  }

  #admit(stranger: SocketConnection, socket: Socket): void {
    // Dropped in the same moment.
    if (!this.#strangers.delete(stranger)) return;
    stranger.trust();
    this.#events.onAdmitted(stranger.ref(), socket);
  }

  #refuse(stranger: SocketConnection, error: unknown): void {
    stranger.drop();
    if (!this.#strangers.delete(stranger)) return;
    const isWrongKey = error instanceof AuthenticationError && error.code === wrongKeyCode;
    this.#events.onRefused(isWrongKey ? error : undefined);
  }

  // The oldest goes: who knows the key is through in a moment, and who fills the lobby must come again and again.
  #makeRoom(): void {
    for (const oldest of this.#strangers) {
      if (this.#strangers.size <= this.#room) return;
      this.#strangers.delete(oldest);
      oldest.drop();
      this.#events.onRefused(undefined);
    }
  }

  // Its timer keeps no program alive.
  #patience(): () => { readonly signal?: AbortSignal } {
    const { handshakeTimeoutMs } = this.#options;
    if (handshakeTimeoutMs === 0) return () => ({});
    const signal = AbortSignal.timeout(Math.min(handshakeTimeoutMs, longestTimerMs));
    return () => ({ signal });
  }
}
