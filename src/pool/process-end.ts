// A worker that ends in the midst of an import or of its initializer tells why: else all that is known is the exit code.
import { offEarlyEnd, onEarlyEnd } from '../process/early-end.js';

/** Settles as `work` does. If the process ends before that, `onEnd` is called, and has to be done when it returns. */
export async function orProcessEnd<T>(work: Promise<T>, onEnd: (reason: string) => void): Promise<T> {
  const cutOff = {
    onEmptyLoop: () => onEnd('it waits for something that never comes'),
    onExit: (code: number) => onEnd(`it ended the process, with exit code ${code}`),
  };
  onEarlyEnd(cutOff);
  try {
    return await work;
  } finally {
    offEarlyEnd(cutOff);
  }
}
