// What the fuzzers share: how many cases, and what is allowed to happen.
import fc from 'fast-check';
import { ForkyardError } from '../../lib/index.js';

/** `npm run test:fuzz` sets a million. */
export const cases = Number(process.env['FORKYARD_FUZZ_CASES'] ?? 3000);

/** Runs a property so often, with a seed that a failure names. */
export function check<T>(property: fc.IProperty<T>): void {
  fc.assert(property, { numRuns: cases });
}

/** The result, or the ForkyardError; anything else is thrown. */
export function attempt<T>(call: () => T): T | ForkyardError {
  try {
    return call();
  } catch (error) {
    if (error instanceof ForkyardError) return error;
    throw error;
  }
}

/** Bytes, mostly few. */
export const bytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 200 });
