// wait(): for the first of several things that becomes ready, whatever they are. What is ready of itself is waitable.ts;
// descriptors are watched here.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { loadAddon } from '../native/load.js';
import { resolveWait, type WaitOptions } from '../options/wait-options.js';
import { isWaitable, readiness, type Waitable } from '../waitable.js';
import { afterLook, startDeadline } from './deadline.js';

/** Something that is waited for. */
interface Watched {
  isReady(): boolean;
  stop(): void;
}

/**
 * Those of `objects` that are ready, in their order: connections with something to receive (or at their end), listeners
 * with somebody to accept, and descriptors that can be read, such as the `sentinel` of a process. Waits for the first one, at most
 * `timeout` milliseconds, after which there is none: `[]`, as for an empty list without a `timeout`. The descriptors stay the caller's.
 * Python: `multiprocessing.connection.wait`.
 */
export async function wait<T extends Waitable | number>(
  objects: Iterable<T>,
  options?: WaitOptions,
): Promise<T[]> {
  const all = listOf(objects);
  const resolved = resolveWait('wait', options, true);
  if (all.length === 0 && resolved.timeoutMs === Infinity && resolved.signal === undefined) return [];
  const watched: Watched[] = [];
  const cancels: (() => void)[] = [];
  const ready = (): T[] => all.filter((_, index) => watched[index]?.isReady());
  try {
    return await new Promise<T[]>((resolve, reject) => {
      const answer = (): void => {
        const found = ready();
        if (found.length > 0) resolve(found);
      };
      // What becomes ready in the same moment tells of it one after the other.
      const tell = (): void => {
        cancels.push(afterLook(answer));
      };
      for (const [index, object] of all.entries()) watched.push(watch(object, index, tell));
      cancels.push(startDeadline(resolved, { onTimeout: () => resolve(ready()), onAbort: reject }));
      if (ready().length === 0) return;
      // Of descriptors only the event loop knows.
      if (all.some((object) => typeof object === 'number')) tell();
      else answer();
    });
  } finally {
    for (const cancel of cancels) cancel();
    for (const { stop } of watched) stop();
  }
}

function listOf<T>(objects: Iterable<T>): T[] {
  if (typeof objects !== 'object' || objects === null || !(Symbol.iterator in objects))
    throw argumentTypeError('wait', 'objects', 'an iterable of connections and descriptors', objects);
  const all = [...objects];
  for (const [index, object] of all.entries()) {
    const isDescriptor = Number.isInteger(object) && (object as number) >= 0;
    if (isDescriptor || isWaitable(object)) continue;
    const expected = 'a connection, a listener, a queue or a descriptor';
    throw argumentTypeError('wait', `objects[${index}]`, expected, object);
  }
  return all;
}

function watch(object: Waitable | number, index: number, tell: () => void): Watched {
  if (typeof object === 'number') return watchDescriptor(object, index, tell);
  const of = object[readiness];
  return { isReady: () => of.isReady(), stop: of.watch(tell) };
}

// A duplicate, which the watch closes.
function watchDescriptor(fd: number, index: number, tell: () => void): Watched {
  const addon = loadAddon();
  const own = duplicateOf(fd, index);
  let isReadable = false;
  try {
    const handle = addon.watchFd(own, () => {
      isReadable = true;
      addon.pauseWatch(handle);
      tell();
    });
    addon.keepWatchAlive(handle, true);
    return { isReady: () => isReadable, stop: () => addon.stopWatch(handle) };
  } catch (error) {
    addon.closeFd(own);
    // Files, which are always readable, cannot be watched.
    if ((error as { code?: string }).code !== 'EPERM') throw error;
    return { isReady: () => true, stop: () => {} };
  }
}

function duplicateOf(fd: number, index: number): number {
  try {
    return loadAddon().duplicateFd(fd);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EBADF') throw error;
    throw argumentRangeError('wait', `objects[${index}]`, 'an open descriptor', fd);
  }
}
