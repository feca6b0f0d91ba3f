// What options may be: each function gives the value, or throws what is wrong with it.
import { argumentRangeError, argumentTypeError } from '../errors.js';

/** `value` if it is an integer of at least 1. */
export function wholeNumber(method: string, name: string, value: unknown): number {
  if (typeof value !== 'number') throw argumentTypeError(method, name, 'a number', value);
  if (!Number.isInteger(value) || value < 1)
    throw argumentRangeError(method, name, 'an integer of at least 1', value);
  return value;
}

/** Milliseconds above 0; `Infinity` is no limit, which is told as 0. */
export function duration(method: string, name: string, value: unknown): number {
  if (typeof value !== 'number') throw argumentTypeError(method, name, 'a number of milliseconds', value);
  if (!(value > 0)) throw argumentRangeError(method, name, 'a number of milliseconds above 0', value);
  return value === Infinity ? 0 : value;
}

/** `value` if it is an integer of at least 0. */
export function countOf(method: string, name: string, value: unknown): number {
  if (typeof value !== 'number') throw argumentTypeError(method, name, 'a number', value);
  if (!Number.isInteger(value) || value < 0)
    throw argumentRangeError(method, name, 'an integer of at least 0', value);
  return value;
}
