// Client: connects to a listener, ours or Python's, and proves itself where there is an authkey.
// The other side is listener.ts; what is said first is handshake.ts.
import type { Socket } from 'node:net';
import { AuthenticationError, TimeoutError } from '../errors.js';
import { timeoutError } from '../options/time-out.js';
import { type ResolvedWait, resolveWait, type WaitOptions } from '../options/wait-options.js';
import { type Address, numberOf, type ResolvedAddress, resolveAddress } from './address.js';
import { perform } from './challenge.js';
import type { Connection } from './connection.js';
import { startDeadline } from './deadline.js';
import { clientHandshake, maxHandshakeBytes, noHandshakeCode } from './handshake.js';
import { net } from './lazy-modules.js';
import { SocketConnection } from './socket-connection.js';
import { socketError } from './socket-errors.js';
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

async function connected(target: ResolvedAddress, wait: ResolvedWait): Promise<Socket> {
  const started = performance.now();
  const act = { method: 'Client', act: 'connect', address: target } as const;
  let where: { path: string } | { host: string; port: number };
  try {
    where =
      target.family === 'AF_UNIX'
        ? { path: target.path }
        : { host: await numberOf(target), port: target.port };
  } catch (error) {
    throw socketError(act, error);
  }
  return await new Promise<Socket>((resolve, reject) => {
    const socket = net().connect({ ...where, allowHalfOpen: true, noDelay: true });
    const fail = (error: unknown): void => {
      stop();
      socket.destroy();
      reject(error);
    };
    const left = Math.max(0, wait.timeoutMs - (performance.now() - started));
    const stop = startDeadline(
      { timeoutMs: left, signal: wait.signal },
      { onTimeout: () => fail(timeoutError('Client', 'nobody has answered', wait.timeoutMs)), onAbort: fail },
    );
    socket.once('error', (error) => fail(socketError(act, error)));
    socket.once('connect', () => {
      stop();
      resolve(socket);
    });
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
      throw timeoutError('Client', why, Math.round(performance.now() - started));
    }
    throw new AuthenticationError(
      'Client: the connection ended within the handshake (see cause): give an authkey on both sides, or on none.',
      { code: noHandshakeCode, cause: error },
    );
  }
}
