// What a dead member had started dies a moment after it, by its lifeline. Somebody must sweep these slots as well: whoever
// swept the member's.
import { member } from './membership.js';

const firstLookMs = 5;
const longestPauseMs = 1000;

let looking = false;

/** Looks again, with growing pauses, until no slot has a parent that is gone. */
export function sweepOrphans(pauseMs = firstLookMs): void {
  if (looking || member().addon.reapOrphans() === 0) return;
  looking = true;
  // Not a reason to keep the program alive: when the root ends, everything does.
  setTimeout(() => {
    looking = false;
    sweepOrphans(Math.min(2 * pauseMs, longestPauseMs));
  }, pauseMs).unref();
}
