// What this environment has taken of any queue and is not done with: it would be lost if the process died now. Where that is not
// said of each item (`taskDone`), it is done with an item when it asks for the next, and with all of them at the end of its work.
import { member } from '../family/membership.js';

let holdsSome = false;
let finishesAtExit = false;

/** Something was taken. */
export function took(): void {
  holdsSome = true;
  if (!finishesAtExit) finishAtExit();
}

/** All that was asked of this environment is done. */
export function finishAllTaken(): void {
  if (!holdsSome) return;
  holdsSome = false;
  member().addon.queueFinishAll();
}

// What a program that ends well has taken, it has handled.
function finishAtExit(): void {
  finishesAtExit = true;
  process.once('exit', (code) => {
    if (code === 0) finishAllTaken();
  });
}
