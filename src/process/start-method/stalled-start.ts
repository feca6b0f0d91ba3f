// A Node that is short of threads may wait for ever for those that it could not start, before its first line of JavaScript.
// Nobody is told: it is seen by its idleness, and by what it has not loaded.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { addonFile } from '../../native/load.js';
import { processStat } from '../../system/process-stat.js';

const lookMs = 500;
// It has used no processor in any of them: a machine that is busy with others leaves it ready, not asleep.
const mostIdleLooks = 5;

/**
 * Calls `onStalled` once if the process sleeps before its first line, with fewer threads than it needs to begin with
 * `poolThreads` of V8's (one that waits for a debugger has them). The function ends the watch.
 */
export function watchStart(pid: number, poolThreads: number, onStalled: () => void): () => void {
  let idleLooks = 0;
  let used = -1;
  const timer = setInterval(() => {
    const stat = processStat(pid);
    if (stat === undefined || hasLoadedAddon(pid)) return clearInterval(timer);
    const [state] = stat;
    const usedNow = Number(stat[11]) + Number(stat[12]);
    const isShort = Number(stat[17]) < 2 + poolThreads;
    idleLooks = isShort && state === 'S' && usedNow === used ? idleLooks + 1 : 0;
    used = usedNow;
    if (idleLooks < mostIdleLooks) return;
    clearInterval(timer);
    onStalled();
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

// Loading it is the first that a child does. What may not be looked into is taken for healthy.
function hasLoadedAddon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'latin1').includes(basename(addonFile()));
  } catch {
    return true;
  }
}
