// Calls that overlap: so many lanes, in each of which one call follows the other.
import type { BenchPool } from '../scenario.js';
import type { Values } from '../values.js';

export interface Lanes {
  readonly values: Values;
  readonly inFlight: number;
  /** Asked before each call with its number. After the first yes nobody begins another. */
  isLast(i: number): boolean;
}

/** Resolves with the number of calls when all have ended. Throws if one ended wrongly. */
export async function callInLanes(pool: BenchPool, { values, inFlight, isLast }: Lanes): Promise<number> {
  const { task, make, check, fails } = values;
  let wrong: [unknown] | undefined;
  let next = 0;
  let over = false;
  const lane = async (): Promise<void> => {
    while (!over) {
      const i = next++;
      if (isLast(i)) over = true;
      check(i, await pool.call(make(i)));
    }
  };
  const failingLane = async (): Promise<void> => {
    while (!over) {
      const i = next++;
      if (isLast(i)) over = true;
      try {
        wrong = [await pool.call(make(i))];
      } catch (error) {
        check(i, error);
      }
      if (wrong !== undefined)
        throw new Error(`${task}(${i}) gave ${String(wrong[0])} where it should have thrown`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, fails === true ? failingLane : lane));
  return next;
}

/** Looking at the clock costs about as much as a call may, so every 256th call does. */
export function after(ms: number): (i: number) => boolean {
  const end = performance.now() + ms;
  return (i) => i % 256 === 0 && performance.now() >= end;
}
