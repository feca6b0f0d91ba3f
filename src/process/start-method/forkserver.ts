// Start method `forkserver`: a copy of a Node process that has loaded everything already. One server for each set of
// preloaded modules and each identity of this process, and where none can be, `spawn`.
import { variableOf } from '../../forking/environment.js';
import { ForkDesk } from './fork-desk.js';
import { type ServerFlags, serverFlags } from './node-flags.js';
import { spawnMethod } from './spawn.js';
import type { Launch, LaunchRequest, StartMethod } from './start-method.js';

const desks = new Map<string, ForkDesk>();
let flags: ServerFlags | string | undefined;
let nodeOptions: string | undefined;

export const forkserverMethod: StartMethod = {
  launch(request: LaunchRequest): Launch {
    const server = flagsOfServer();
    if (typeof server === 'string') {
      warnOnce(server);
      return spawnMethod.launch(request);
    }
    // Node reads them before its first line: a copy cannot make up for others.
    if (variableOf(request.env, 'NODE_OPTIONS') !== nodeOptions) return spawnMethod.launch(request);
    return deskFor(server, request.preload).launch(request);
  },
};

/** Resolves when the fork server for `preload` can answer at once; rejects if a module cannot be preloaded. */
export async function prewarmForkserver(preload: readonly string[]): Promise<void> {
  const server = flagsOfServer();
  if (typeof server === 'string') warnOnce(server);
  else await deskFor(server, preload).prewarm();
}

function flagsOfServer(): ServerFlags | string {
  if (flags === undefined) {
    nodeOptions = process.env['NODE_OPTIONS'];
    flags = serverFlags(process.execArgv, nodeOptions);
  }
  return flags;
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
