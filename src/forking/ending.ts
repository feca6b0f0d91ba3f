// How a forked process ends: with the code that Node would end with, its coverage written, and without what Node does
// afterwards: joining threads that a copy does not have, and taking apart a heap that the kernel is about to drop.
import { loadAddon } from '../native/load.js';

let isForked = false;
/** The event loop was empty, and nobody has given it anything to do since. */
let loopIsEmpty = false;

/** In the server, before anybody else's code: 'exit' is emitted by this function, so it has the last word. */
export function watchEnding(): void {
  const emit = process.emit;
  process.emit = function (this: NodeJS.Process, ...args: unknown[]): boolean {
    if (args[0] === 'uncaughtExceptionMonitor') loopIsEmpty = false;
    const result = Reflect.apply(emit, this, args) as boolean;
    if (!isForked) return result;
    if (args[0] === 'beforeExit') onEmptyLoop();
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
  onEmptyLoop();
  onExit(0);
}

function onEmptyLoop(): void {
  loopIsEmpty = true;
  // Should there be another turn after all.
  setImmediate(() => {
    loopIsEmpty = false;
  }).unref();
}

function onExit(given: unknown): void {
  const { _exiting: isExiting } = process as { _exiting?: boolean };
  if (isExiting !== true) return;
  if (process.env['NODE_V8_COVERAGE'] !== undefined) process.getBuiltinModule('node:v8').takeCoverage();
  const code = Number(process.exitCode ?? given ?? 0) & 0xff;
  // An uncaught error is still to be printed, and process.exit() ends the process itself.
  if (loopIsEmpty) loadAddon().endNow(code);
  else loadAddon().setExitCode(code);
}
