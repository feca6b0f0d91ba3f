// Checked indices.
import { argumentRangeError, argumentTypeError } from '../errors.js';

/** The place that an index means in something of that length; negative: from the end. */
export function placeIn(called: string, index: number, length: number): number {
  if (typeof index !== 'number') throw argumentTypeError(called, 'index', 'a number', index);
  const place = index < 0 ? index + length : index;
  if (Number.isInteger(place) && place >= 0 && place < length) return place;
  throw argumentRangeError(called, 'index', `an integer from ${-length} to ${length - 1}`, index);
}
