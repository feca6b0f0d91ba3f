// Options that nobody reads: a misspelt or not yet existing one must not pass in silence.
import { argumentTypeError } from '../errors.js';
import { nearestNames } from '../util/nearest-names.js';

/** Throws `TypeError` for the first key of `options` that is none of `known`. */
export function refuseUnknownOptions(method: string, options: object, known: readonly string[]): void {
  const name = Object.keys(options).find((key) => !known.includes(key));
  if (name === undefined) return;
  const [nearest] = nearestNames(name, known);
  const hint = nearest === undefined ? `one of ${known.join(', ')}` : `spelt '${nearest}', if that is meant`;
  throw argumentTypeError(method, name, `${hint}; there is no such option`, Reflect.get(options, name));
}
