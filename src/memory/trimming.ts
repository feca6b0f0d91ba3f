// When freed memory goes back to the system: not at once, since fresh pages cost ten times a copy, but soon.
import type { Addon } from '../native/contract.js';

// What others still hold by the first time is looked at twice more, and then when something is shared again: an idle
// program stays idle.
const trimAfterMs = [1000, 4000, 16_000];

let timer: NodeJS.Timeout | undefined;
let trimmed = 0;

/** Something was allocated, or may have become free. One timer for any number of calls; none while nothing happens. */
export function trimLater(addon: Addon): void {
  if (timer !== undefined && trimmed === 0) {
    timer.refresh();
    return;
  }
  clearTimeout(timer);
  trimmed = 0;
  startTimer(addon);
}

function startTimer(addon: Addon): void {
  const delayMs = trimAfterMs[trimmed];
  timer = undefined;
  if (delayMs === undefined) return;
  timer = setTimeout(() => {
    addon.trim();
    trimmed++;
    startTimer(addon);
  }, delayMs);
  timer.unref();
}
