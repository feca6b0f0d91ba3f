// What is to be said if this process ends before something is done. The listeners stay: to add and to remove them takes a
// twentieth of the start of a fork server's child, which finds them.

/** Something under way. */
export interface UnderWay {
  /** The event loop is empty: what is waited for can no longer happen. */
  onEmptyLoop(): void;
  /** Somebody ends the process. */
  onExit?(code: number): void;
}

const underWay = new Set<UnderWay>();
let isListening = false;

/** From now until `offEarlyEnd(work)`, `work` is told of an early end, once. */
export function onEarlyEnd(work: UnderWay): void {
  if (!isListening) process.on('beforeExit', tellEmptyLoop).on('exit', tellExit);
  isListening = true;
  underWay.add(work);
}

export function offEarlyEnd(work: UnderWay): void {
  underWay.delete(work);
}

/** Runs what will run at the end of a process, where nothing is under way. */
export function rehearseEnd(): void {
  tellEmptyLoop();
  tellExit(0);
}

function tellEmptyLoop(): void {
  tellAll((work) => work.onEmptyLoop());
}

function tellExit(code: number): void {
  tellAll((work) => work.onExit?.(code));
}

function tellAll(tell: (work: UnderWay) => void): void {
  for (const work of underWay) {
    underWay.delete(work);
    tell(work);
  }
}
