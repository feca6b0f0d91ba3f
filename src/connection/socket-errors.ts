// What the system says against listening and connecting, as errors that tell what to do.
// What it says of a connection that there is, is in inbox.ts and outbox.ts.
import { constants } from 'node:os';
import { ForkyardError, ResourceError } from '../errors.js';
import { describeAddress, type ResolvedAddress } from './address.js';

interface Meaning {
  readonly says: string;
  readonly code?: string;
}

const common: Readonly<Record<string, Meaning>> = {
  EADDRNOTAVAIL: { says: 'is no address of this machine' },
  ENOTFOUND: { says: 'is the name of no machine' },
  EACCES: { says: 'may not be used by this user', code: 'ERR_FORKYARD_PERMISSION' },
  EPERM: { says: 'may not be used by this user', code: 'ERR_FORKYARD_PERMISSION' },
};

const meanings: Readonly<Record<'listen' | 'connect', Readonly<Record<string, Meaning>>>> = {
  listen: {
    ...common,
    EADDRINUSE: {
      says: 'is in use: another program listens there',
      code: 'ERR_FORKYARD_ADDRESS_IN_USE',
    },
    ENOENT: { says: 'lies in a folder that does not exist' },
  },
  connect: {
    ...common,
    ECONNREFUSED: { says: 'has nobody who listens', code: 'ERR_FORKYARD_CONNECTION_REFUSED' },
    ENOENT: { says: 'has nobody who listens: it does not exist', code: 'ERR_FORKYARD_CONNECTION_REFUSED' },
  },
};

/** What is done to an address, and by which method. */
export interface SocketAct {
  readonly method: string;
  readonly act: 'listen' | 'connect';
  readonly address: ResolvedAddress;
}

/** The error as a ResourceError; one that is no error of the system as it is. */
export function socketError(act: SocketAct, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (
    !(error instanceof Error) ||
    error instanceof ForkyardError ||
    code === undefined ||
    syscall === undefined
  )
    return error;
  return refusal(act, { code, syscall, cause: error });
}

/** By a descriptor Node would have the cluster's primary listen, at whatever has that number there. */
export function refusedInCluster(act: SocketAct): ForkyardError {
  const says = 'cannot be listened at by a worker of node:cluster: use a path or a port';
  return refusal(act, { code: 'ENOTSUP', syscall: 'listen', says });
}

/** There is a file where the socket should be. `isStale`: it is a socket whose program does not live. */
export function pathInUse(act: SocketAct, isStale: boolean): ForkyardError {
  const says = isStale
    ? 'is the socket of a program that does not listen any more, and was probably killed: remove that file'
    : 'is in use: another program listens there, or it is another kind of file';
  return refusal(act, { code: 'EADDRINUSE', syscall: 'bind', says });
}

function refusal(
  { method, act, address }: SocketAct,
  why: { code: string; syscall: string; cause?: unknown; says?: string },
): ResourceError {
  const { code, syscall, cause } = why;
  const errno = (constants.errno as Record<string, number | undefined>)[code] ?? null;
  const meaning = meanings[act][code];
  const says = why.says ?? meaning?.says ?? 'cannot be used';
  const message = `${method}: ${describeAddress(address)} ${says} (${code}, ${syscall})`;
  return new ResourceError(message, { errno, syscall, cause, ...(meaning?.code && { code: meaning.code }) });
}
