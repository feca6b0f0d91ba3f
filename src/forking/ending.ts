// How a forked process ends: with the code that Node would end with, its coverage written, and without what Node does
// afterwards: joining threads that a copy does not have, and taking apart a heap that the kernel is about to drop.
import { loadAddon } from '../native/load.js';
import { finishOutput, noteUncaught } from './output.js';

let isForked = false;
// The turn of the event loop after which it was empty: if there has been no other, it is so still.
let lastTurn = -1;

/** In the server, before anybody else's code: 'exit' is emitted by this function, so it has the last word. */
export function watchEnding(): void {
  const emit = process.emit;
  process.emit = function (this: NodeJS.Process, ...args: unknown[]): boolean {
    if (args[0] === 'uncaughtExceptionMonitor') {
      lastTurn = -1;
      noteUncaught();
    }
    const result = Reflect.apply(emit, this, args) as boolean;
    if (!isForked) return result;
    if (args[0] === 'beforeExit') lastTurn = loadAddon().loopTurns();
    if (args[0] === 'exit') onExit(args[1]);
    return result;
  } as typeof process.emit;
}

/** How this process ends: as Node has it, or as a copy. */
export function endAs(what: 'server' | 'copy'): void {
  isForked = what === 'copy';
}

/** Runs what will run at the end of a copy, in the server, where it does nothing. */
export function rehearseEnding(): void {
  process.emit('rehearsal' as 'exit', 0);
  onExit(0);
}

function onExit(given: unknown): void {
  const { _exiting: isExiting } = process as { _exiting?: boolean };
  const code = Number(process.exitCode ?? given ?? 0) & 0xff;
  if (isExiting !== true) return;
  finishOutput();
  if (process.env['NODE_V8_COVERAGE'] !== undefined) process.getBuiltinModule('node:v8').takeCoverage();
  // An uncaught error is still to be printed, and process.exit() ends the process itself.
  const addon = loadAddon();
  if (lastTurn === addon.loopTurns()) addon.endNow(code);
  else addon.setExitCode(code);
}
