// The process that this code runs in, and those it knows: currentProcess, parentProcess, activeChildren.
import { processStat } from '../system/process-stat.js';
import { type Authkey, withAuthkey } from './authkey.js';
import { ownIdentity, parentIdentity } from './identity.js';
import type { Process } from './process.js';

/** What can be known of a process that one did not start. */
export interface ProcessInfo {
  readonly name: string;
  readonly pid: number;
  readonly daemon: boolean;
}

/** The process that asks. */
export interface CurrentProcess extends ProcessInfo {
  /**
   * A secret for `Listener` and `Client`: 32 random bytes that the children of a program inherit, or what it is set to; those
   * started later inherit that. It is not shown, and not sent but as a copy (`new Uint8Array(authkey)`).
   */
  get authkey(): Authkey;
  set authkey(bytes: ArrayBufferLike | ArrayBufferView);
}

/** The parent, as its child sees it. */
export interface ParentProcess extends ProcessInfo {
  isAlive(): boolean;
}

let instance: Process | undefined;
const children = new Set<Process>();

/** The running process: in the main program its name is `MainProcess`. In a registered subclass it is the instance. */
export function currentProcess(): CurrentProcess {
  return (instance as CurrentProcess | undefined) ?? withAuthkey(ownIdentity());
}

/** Who started this process; null in the main program. */
export function parentProcess(): ParentProcess | null {
  const parent = parentIdentity();
  if (parent === null) return null;
  return { ...parent, isAlive: () => process.ppid === parent.pid && isRunning(parent.pid) };
}

/** The processes that this one started and that have not ended. */
export function activeChildren(): Process[] {
  return [...children].filter((child) => child.isAlive());
}

/** @internal */
export function setCurrentProcess(process: Process): void {
  instance = process;
}

/** @internal */
export function addChild(child: Process): void {
  if (children.size === 0) process.once('exit', terminateChildren);
  children.add(child);
}

/** @internal */
export function removeChild(child: Process): void {
  children.delete(child);
  if (children.size === 0) process.off('exit', terminateChildren);
}

// A chance for their handlers; the lifeline takes what is still there when this process is gone.
function terminateChildren(): void {
  for (const child of activeChildren()) child.terminate();
}

function isRunning(pid: number): boolean {
  const [state] = processStat(pid) ?? [];
  return state !== undefined && state !== 'Z';
}
