// Who this process is and who started it, as far as names go. The objects that users see are current-process.ts.
import { isMainThread } from 'node:worker_threads';
import { isJoinedProcess } from '../family/membership.js';
import { setOwnAuthkey } from './authkey.js';
import { type BootMessage, type Identity, invitationVariable } from './bootstrap.js';

let own: Identity | undefined;
let parent: Identity | null = null;

/** Called once in a child, before its main module is imported. */
export function becomeProcess(boot: BootMessage): void {
  own = { ...boot.identity, pid: process.pid };
  parent = boot.parent;
  setOwnAuthkey(boot.authkey);
  process.argv.splice(1, process.argv.length, ...boot.argv);
}

/** The same object as long as this process is the same. */
export function ownIdentity(): Identity {
  own ??= { name: 'MainProcess', pid: process.pid, daemon: false };
  return own;
}

export function parentIdentity(): Identity | null {
  return parent;
}

/** True in the program that was started by its user: not in a Process, not in a pool's worker, not in a thread. */
export const isMainProcess: boolean = isMainThread && !isJoinedProcess() && !isInvited();

// Modules that a child imports before it joins (by --import) must not take it for the main program.
function isInvited(): boolean {
  return process.env[invitationVariable] !== undefined;
}
