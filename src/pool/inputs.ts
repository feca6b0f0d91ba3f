// The inputs of a pool's calls, checked at the call. Their options are call-options.ts.
import { argumentTypeError } from '../errors.js';
import { type Input, InputReader } from './results/input-reader.js';

/** All items of an iterable as they are now; of an asynchronous one, what reads them. */
export function collect(method: string, items: unknown): unknown[] | InputReader {
  if (Array.isArray(items)) return items.slice();
  if (isIterable(items)) return [...items];
  return new InputReader(iteratorOf(method, items), Infinity, () => {});
}

export function iteratorOf(method: string, items: unknown): Input {
  if (isAsyncIterable(items)) return items[Symbol.asyncIterator]();
  if (isIterable(items)) return items[Symbol.iterator]();
  throw argumentTypeError(method, 'items', 'an iterable or an async iterable', items);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return (
    !isAsyncIterable(value) && typeof (value as Iterable<unknown> | null)?.[Symbol.iterator] === 'function'
  );
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof (value as AsyncIterable<unknown> | null)?.[Symbol.asyncIterator] === 'function';
}

export function checkArgLists(items: unknown[]): void {
  const place = items.findIndex((item) => !Array.isArray(item));
  if (place >= 0)
    throw argumentTypeError('Pool.starmap', `argLists[${place}]`, 'an array of arguments', items[place]);
}
