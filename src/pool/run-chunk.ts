// Runs one task over the items of a chunk: in a plain loop as long as it is synchronous, overlapped where it is not.

import { isThenable } from '../util/is-thenable.js';
import { contexts, runClean } from './clean-context.js';
import { beginItem } from './current-item.js';
import type { ChunkFailure } from './messages.js';

/** The results in order, or how far it came. */
export type ChunkOutcome =
  | { readonly values: unknown[]; readonly failure: undefined }
  | { readonly values: undefined; readonly failure: ChunkFailure };

type Call = (item: unknown) => unknown;

/** Stops at the first item that throws; with `concurrency`, at the first in input order among those under way. */
export function runChunk(
  call: Call,
  items: readonly unknown[],
  concurrency: number,
): ChunkOutcome | Promise<ChunkOutcome> {
  const values: unknown[] = new Array(items.length);
  let index = 0;
  try {
    for (; index < items.length; index++) {
      beginItem(index);
      const item = items[index];
      const value = contexts.areUsed ? runClean(call, item) : call(item);
      if (isThenable(value)) {
        values.length = index;
        return finishOverlapped(call, { items, values, pending: value }, concurrency);
      }
      values[index] = value;
    }
  } catch (error) {
    values.length = index;
    return { values: undefined, failure: { values, error } };
  }
  return { values, failure: undefined };
}

async function finishOverlapped(
  call: Call,
  begun: { items: readonly unknown[]; values: unknown[]; pending: PromiseLike<unknown> },
  concurrency: number,
): Promise<ChunkOutcome> {
  const { items, values } = begun;
  let next = values.length;
  let failedAt = Infinity;
  let failure: unknown;
  // The item that has run for longest: as long as it is the same, it is that one's time which counts.
  const running = new Set<number>();
  let oldest = -1;
  const tellOldest = (): void => {
    const [first] = running;
    if (first === undefined || first === oldest) return;
    oldest = first;
    beginItem(first);
  };
  const lane = async (first?: PromiseLike<unknown>): Promise<void> => {
    for (let value = first; next < items.length && failedAt === Infinity; value = undefined) {
      const index = next++;
      try {
        running.add(index);
        tellOldest();
        values[index] = await (value ?? runClean(call, items[index]));
      } catch (error) {
        if (index > failedAt) continue;
        failedAt = index;
        failure = error;
      } finally {
        running.delete(index);
        tellOldest();
      }
    }
  };
  const lanes = [lane(begun.pending)];
  while (lanes.length < concurrency) lanes.push(lane());
  await Promise.all(lanes);
  if (failedAt === Infinity) return { values, failure: undefined };
  return { values: undefined, failure: { values: values.slice(0, failedAt), error: failure } };
}
