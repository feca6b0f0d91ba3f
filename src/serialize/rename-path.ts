// The path in a SerializationError, in the words of whoever made the call: the codec knows only the value it was given.
import { SerializationError } from '../errors.js';

const opening = 'cannot send ';

/** The same error with `rename(path)` as its path; what is no failure to encode comes back as it is. */
export function renamePath(error: unknown, rename: (path: string) => string): unknown {
  if (!(error instanceof SerializationError) || !error.message.startsWith(opening)) return error;
  const called = error.path === '' ? 'the value' : error.path;
  const path = rename(error.path);
  const { cause, code } = error;
  return new SerializationError(`${opening}${path}${error.message.slice(opening.length + called.length)}`, {
    path,
    cause,
    code,
  });
}

/** `[2].user` as the path of one of `name`, of which this array's first item was number `first`. */
export function itemPath(path: string, name: string, first: number): string {
  const index = /^\[(\d+)\](.*)$/s.exec(path);
  return index === null ? `${name}${path}` : `${name}[${first + Number(index[1])}]${index[2]}`;
}
