// What a killed child had started: programs in the process group that it led. One that the child was to leave running is in a
// group of its own (`detached` of child_process).
import type { ExitStatus } from './exit-status.js';

/**
 * Kills what is left of the group of a child that has ended, unless it ended by itself. The kernel gives the number to no other
 * process as long as somebody is in the group: a process of that number means that there is no such group any more.
 */
export function killGroupOf(pid: number, { code }: ExitStatus): void {
  if (code !== null || isThere(pid)) return;
  isThere(-pid, 'SIGKILL');
}

function isThere(target: number, signal: NodeJS.Signals | 0 = 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    // There, and not ours.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
