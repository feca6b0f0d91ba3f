// Whose a named thing is: the family that made it, as the addon has marked the file (native/binding/tracked_name.cc), and
// whether the root of that family still lives.
import { statSync } from 'node:fs';
import { loadAddon } from '../../native/load.js';
import { processStat } from '../../system/process-stat.js';

export interface Owner {
  /** The process that removes it when it ends. */
  readonly rootPid: number;
  readonly makerPid: number;
  /** Null: its processes are in another container, and cannot be seen from here. */
  readonly lives: boolean | null;
}

const markVersion = '1';
// Field 22 of /proc/PID/stat, counted from the third on.
const startTimeField = 19;

/** Null if nobody knows: another program made it, or with `track: false`, or the kernel keeps no marks (before Linux 6.6). */
export function ownerOf(file: string): Owner | null {
  const [version, rootPid, startTime, makerPid, namespace] = loadAddon().shmMark(file).split(' ');
  if (version !== markVersion || !isNumber(rootPid) || !isNumber(makerPid)) return null;
  const isHere = namespace === String(statSync('/proc/self/ns/pid').ino);
  return {
    rootPid: Number(rootPid),
    makerPid: Number(makerPid),
    lives: isHere ? isAlive(Number(rootPid), startTime) : null,
  };
}

/** A pid may be another process's by now; its start time is not. */
function isAlive(pid: number, startTime: string | undefined): boolean {
  const stat = processStat(pid);
  return stat !== undefined && stat[startTimeField] === startTime && !/^[ZX]$/.test(stat[0] ?? '');
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text);
}
