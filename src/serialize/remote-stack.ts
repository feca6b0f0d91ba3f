// Says in an error's stack which process it came from, and leaves out the frames of the worker's own loop.
// How errors themselves cross a border is in encode-error.ts and decode-error.ts.
import { libFolder } from '../location.js';

/** The process in which an error was thrown. */
export interface RemotePlace {
  readonly name: string;
  readonly pid: number;
}

const frameStart = '\n    at ';

let marked: unknown;
let place: RemotePlace | undefined;

/**
 * The error is about to be sent to whoever asked for the work: the stack that is sent ends in `    in worker NAME (pid
 * PID)`. An error that goes through several processes gets a line from each. The error itself stays as it is.
 */
export function markRemote(error: unknown, where: RemotePlace): void {
  marked = error;
  place = where;
}

/** The stack that is sent for an error that has this one. */
export function stackToSend(error: object, stack: string): string {
  if (error !== marked || place === undefined) return stack;
  marked = undefined;
  return `${withoutOwnFrames(stack)}\n    in worker ${place.name} (pid ${place.pid})`;
}

function withoutOwnFrames(stack: string): string {
  let end = stack.length;
  for (;;) {
    const start = stack.lastIndexOf(frameStart, end - 1);
    if (
      start < 0 ||
      !(isWithin(stack, libFolder, start, end) || isWithin(stack, 'node:internal/', start, end))
    )
      break;
    end = start;
  }
  return end === stack.length ? stack : stack.slice(0, end);
}

// There is little behind `end`: looking there too costs less than a string of its own for each frame.
function isWithin(stack: string, part: string, start: number, end: number): boolean {
  const place = stack.indexOf(part, start);
  return place >= 0 && place < end;
}
