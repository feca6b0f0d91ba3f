// Start method `forkserver`: a copy of a Node process that has loaded everything already. One server for each set of
// preloaded modules and each identity of this process, and where none can be, `spawn`.
import { variableOf } from '../../forking/environment.js';
import { ForkDesk } from './fork-desk.js';
import { type ServerFlags, serverFlags } from './node-flags.js';
import { spawnMethod } from './spawn.js';
import type { Launch, LaunchRequest, StartMethod } from './start-method.js';

// What Node reads before its first line: a copy cannot make up for others.
const readByNode = ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS'] as const;
const readHere = new Map<string, string | undefined>();

const desks = new Map<string, ForkDesk>();
let flags: ServerFlags | string | undefined;

export const forkserverMethod: StartMethod = {
  launch(request: LaunchRequest): Launch {
    const server = flagsOfServer();
    if (typeof server === 'string') {
      warnOnce(server);
      return spawnMethod.launch(request);
    }
    return isOther(request.env)
      ? spawnMethod.launch(request)
      : deskFor(server, request.preload).launch(request);
  },
};

/**
 * Begins to start the server for processes with this `preload` and this environment. What is wrong with it, their own start
 * will tell.
 */
export function prepareForkserver(preload: readonly string[], env: string): void {
  const server = flagsOfServer();
  if (typeof server !== 'string' && !isOther(env)) deskFor(server, preload).prepare();
}

/** Resolves when the fork server for `preload` can answer at once; rejects if a module cannot be preloaded. */
export async function prewarmForkserver(preload: readonly string[]): Promise<void> {
  const server = flagsOfServer();
  if (typeof server === 'string') warnOnce(server);
  else await deskFor(server, preload).prewarm();
}

function flagsOfServer(): ServerFlags | string {
  if (flags === undefined) {
    for (const name of readByNode) readHere.set(name, process.env[name]);
    flags = serverFlags(process.execArgv, readHere.get('NODE_OPTIONS'));
  }
  return flags;
}

function isOther(env: string): boolean {
  return readByNode.some((name) => variableOf(env, name) !== readHere.get(name));
}

// A server keeps the rights that it was started with: a process that has given up some must not have children with more.
function deskFor(server: ServerFlags, preload: readonly string[]): ForkDesk {
  const { getuid, geteuid, getgid, getegid, getgroups } = process;
  const identity = [getuid?.(), geteuid?.(), getgid?.(), getegid?.(), getgroups?.()];
  const key = JSON.stringify([preload, identity, preload.some(isRelative) ? process.cwd() : '']);
  let desk = desks.get(key);
  if (desk === undefined) {
    desk = new ForkDesk(server, preload, warnOnce);
    desks.set(key, desk);
  }
  return desk;
}

function isRelative(specifier: string): boolean {
  return !/^(\/|file:|node:|data:)/.test(specifier);
}

let warned = false;

function warnOnce(reason: string): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    `Processes are started by 'spawn' instead of 'forkserver', which takes longer and more memory: ${reason}. To choose that, and not to see this, call setStartMethod('spawn').`,
    { type: 'ForkyardWarning', code: 'FORKYARD_NO_FORKSERVER' },
  );
}
