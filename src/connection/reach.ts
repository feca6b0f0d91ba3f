// The way from an address to a socket that is connected with whoever listens there. How long that may take is client.ts.
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAddon } from '../native/load.js';
import { onAbort } from '../util/on-abort.js';
import { numberOf, type ResolvedAddress } from './address.js';
import { net } from './lazy-modules.js';
import { socketError } from './socket-errors.js';

const longestPauseMs = 50;

/** When the signal is aborted, it ends soon, with any error; or with a socket, which is the caller's. */
export async function reach(target: ResolvedAddress, signal: AbortSignal): Promise<Socket> {
  try {
    const open = await opener(target, signal);
    // The kernel lets nobody wait where as many wait to be accepted as may: in Python's listeners that is one.
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await open();
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (target.family !== 'AF_UNIX' || code !== 'EAGAIN') throw error;
      }
      await sleep(pauseMs, undefined, { signal });
    }
  } catch (error) {
    throw socketError({ method: 'Client', act: 'connect', address: target }, error);
  }
}

async function opener(target: ResolvedAddress, signal: AbortSignal): Promise<() => Promise<Socket>> {
  if (target.family !== 'AF_UNIX') {
    const host = await numberOf(target);
    return () => connect({ host, port: target.port }, signal);
  }
  const { path } = target;
  return path.startsWith('\0') ? async () => abstractSocket(path.slice(1)) : () => connect({ path }, signal);
}

function connect(where: { path: string } | { host: string; port: number }, signal: AbortSignal) {
  return new Promise<Socket>((resolve, reject) => {
    signal.throwIfAborted();
    const socket = net().connect({ ...where, allowHalfOpen: true, noDelay: true });
    const release = onAbort(signal, (reason) => {
      socket.destroy();
      reject(reason);
    });
    socket.once('error', (error) => {
      release();
      reject(error);
    });
    socket.once('connect', () => {
      release();
      resolve(socket);
    });
  });
}

function abstractSocket(name: string): Socket {
  const fd = loadAddon().connectAbstract(name);
  return new (net().Socket)({ fd, readable: true, writable: true, allowHalfOpen: true });
}
