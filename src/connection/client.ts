// Client: connects to a listener, ours or Python's, and proves itself where there is an authkey.
// The other side is listener.ts; what is said first is handshake.ts.
import type { Socket } from 'node:net';
import { AuthenticationError, TimeoutError } from '../errors.js';
import { timeoutError } from '../options/time-out.js';
import { type ResolvedWait, resolveWait, type WaitOptions } from '../options/wait-options.js';
import { type Address, type ResolvedAddress, resolveAddress } from './address.js';
import { perform } from './challenge.js';
import type { Connection } from './connection.js';
import { startDeadline } from './deadline.js';
import { clientHandshake, maxHandshakeBytes, noHandshakeCode } from './handshake.js';
import { reach } from './reach.js';
import { SocketConnection } from './socket-connection.js';
import { type ResolvedSocketOptions, resolveSocketOptions, type SocketOptions } from './socket-options.js';

/** What `Client` takes; `timeout` and `signal` are for all of it. */
export interface ClientOptions extends SocketOptions, WaitOptions {}

/**
 * Connects to the listener at `address`; with an `authkey` each side proves to the other that it knows it, else
 * `AuthenticationError`. `ERR_FORKYARD_CONNECTION_REFUSED` if nobody listens there. Python: `multiprocessing.connection.Client`.
 */
export async function Client(address: Address, options: ClientOptions = {}): Promise<Connection> {
  const resolved = resolveSocketOptions('Client', options, ['timeout', 'signal']);
  const target = resolveAddress('Client', address, options.family, 1);
  const wait = resolveWait('Client', { timeout: options.timeout, signal: options.signal }, true);
  const deadline = performance.now() + wait.timeoutMs;
  const socket = await connected(target, wait);
  if (resolved.handshake === undefined) return new SocketConnection(socket, resolved.settings);
  const connection = new SocketConnection(socket, resolved.settings, maxHandshakeBytes);
  try {
    await shakeHands(connection, resolved, { deadline, signal: wait.signal });
    connection.trust();
    return connection;
  } catch (error) {
    connection.drop();
    throw error;
  }
}

function connected(target: ResolvedAddress, wait: ResolvedWait): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const givenUp = new AbortController();
    const giveUp = (error: unknown): void => {
      reject(error);
      givenUp.abort();
    };
    const stop = startDeadline(wait, {
      onTimeout: () => giveUp(timeoutError('Client', 'nobody has answered', wait.timeoutMs)),
      onAbort: giveUp,
    });
    reach(target, givenUp.signal)
      .then((socket) => (givenUp.signal.aborted ? void socket.destroy() : resolve(socket)), reject)
      .finally(stop);
  });
}

async function shakeHands(
  connection: Connection,
  { handshake, handshakeTimeoutMs }: ResolvedSocketOptions,
  wait: { readonly deadline: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const started = performance.now();
  const end = Math.min(wait.deadline, started + (handshakeTimeoutMs || Infinity));
  try {
    await perform(connection, clientHandshake(handshake as never), () => ({
      timeout: end - performance.now(),
      ...(wait.signal && { signal: wait.signal }),
    }));
  } catch (error) {
    if (error instanceof AuthenticationError || wait.signal?.aborted) throw error;
    if (error instanceof TimeoutError) {
      const why = 'the other side has not finished the handshake: was it given an authkey, too?';
      throw timeoutError('Client', why, end - started);
    }
    throw new AuthenticationError(
      'Client: the connection ended within the handshake (see cause): give an authkey on both sides, or on none.',
      { code: noHandshakeCode, cause: error },
    );
  }
}
