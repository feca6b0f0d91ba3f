// The inputs and options of a pool's calls, checked at the call.
import { argumentTypeError } from '../errors.js';
import { type Input, InputReader } from './results/input-reader.js';

/** All items of an iterable, asynchronous or not. */
export async function collect(method: string, items: unknown): Promise<unknown[]> {
  if (Array.isArray(items)) return items;
  const reader = new InputReader(iteratorOf(method, items), Infinity, () => {});
  return await reader.readAll();
}

export function iteratorOf(method: string, items: unknown): Input {
  const source = items as
    | { [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown }
    | null
    | undefined;
  if (typeof source?.[Symbol.asyncIterator] === 'function') {
    return (items as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }
  if (typeof source?.[Symbol.iterator] === 'function') return (items as Iterable<unknown>)[Symbol.iterator]();
  throw argumentTypeError(method, 'items', 'an iterable or an async iterable', items);
}

export function optionsObject<Options extends object>(method: string, options: Options): Options {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options;
  throw argumentTypeError(method, 'options', 'an object', options);
}

export function checkArgLists(items: unknown[]): void {
  const place = items.findIndex((item) => !Array.isArray(item));
  if (place >= 0)
    throw argumentTypeError('Pool.starmap', `argLists[${place}]`, 'an array of arguments', items[place]);
}
