// That the event loop of a process that waits at a pipe looks for messages for a moment before it sleeps.
import { member } from '../family/membership.js';
import { cpuCount } from '../system/cpu-count.js';

// Long enough for one that sleeps to be woken and to answer: else both would sleep for each message.
const spinUs = 100;
let spins = false;

/** From now on, in this environment. */
export function spinHere(): void {
  if (spins) return;
  spins = true;
  member().bell.spin({ us: spinUs, members: cpuCount() });
}
