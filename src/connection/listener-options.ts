// What `new Listener` takes, interpreted once, at the call. What it has in common with clients is socket-options.ts.
// What becomes of it is listener.ts and lobby.ts.
import { wholeNumber } from '../options/values.js';
import { type Address, checkFamily, type ResolvedAddress, resolveAddress } from './address.js';
import { privatePath } from './socket-file.js';
import { type ResolvedSocketOptions, resolveSocketOptions, type SocketOptions } from './socket-options.js';

export interface ListenerOptions extends SocketOptions {
  /** How many connections may wait for `accept()`; more are refused. Default 128. */
  readonly backlog?: number | undefined;
  /** How many may be in the handshake at the same time; the oldest is refused for the newest. Default 64. */
  readonly maxUnauthenticated?: number | undefined;
}

export interface ResolvedListenerOptions extends ResolvedSocketOptions {
  readonly address: ResolvedAddress;
  readonly backlog: number;
  readonly maxUnauthenticated: number;
}

const method = 'new Listener';

export function resolveListenerOptions(
  address: Address | undefined,
  options: ListenerOptions,
): ResolvedListenerOptions {
  const resolved = resolveSocketOptions(method, options, ['backlog', 'maxUnauthenticated']);
  const { family, backlog = 128, maxUnauthenticated = 64 } = options;
  checkFamily(method, family);
  return {
    ...resolved,
    backlog: wholeNumber(method, 'backlog', backlog),
    maxUnauthenticated: wholeNumber(method, 'maxUnauthenticated', maxUnauthenticated),
    // Last of all: it may make a folder.
    address: resolveAddress(method, address ?? anyAddress(family), family, 0),
  };
}

// As in Python: nobody else can reach it.
function anyAddress(family: string | undefined): Address {
  if (family === 'AF_INET') return ['127.0.0.1', 0];
  return family === 'AF_INET6' ? ['::1', 0] : privatePath();
}
