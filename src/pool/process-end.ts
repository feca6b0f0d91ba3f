// A worker that ends in the midst of an import or of its initializer tells why: else all that is known is the exit code.
const cutOff = new Set<(reason: string) => void>();

/** Settles as `work` does. If the process ends before that, `onEnd` is called, and has to be done when it returns. */
export async function orProcessEnd<T>(work: Promise<T>, onEnd: (reason: string) => void): Promise<T> {
  if (cutOff.size === 0) process.on('beforeExit', onEmptyLoop).on('exit', onExit);
  cutOff.add(onEnd);
  try {
    return await work;
  } finally {
    cutOff.delete(onEnd);
    if (cutOff.size === 0) process.off('beforeExit', onEmptyLoop).off('exit', onExit);
  }
}

function onEmptyLoop(): void {
  tell('it waits for something that never comes');
}

function onExit(code: number): void {
  tell(`it ended the process, with exit code ${code}`);
}

function tell(reason: string): void {
  for (const onEnd of cutOff) onEnd(reason);
  cutOff.clear();
}
