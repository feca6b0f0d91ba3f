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

/** In a child. */
export function endAsFork(): void {
  isForked = true;
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
