// Reading and writing the elements of a SharedArray beside those of a plain typed array: alone, and in a function that has
// met both.
import { SharedArray } from 'forkyard';

const length = 100_000;
const passes = 10;

export function measureElements() {
  const plain = new Float64Array(length);
  const shared = new SharedArray('float64', length);
  const [ofPlain, ofShared, ofBoth] = [makePass(), makePass(), makePass()];
  const alone = ratio(
    () => ofPlain(plain),
    () => ofShared(shared),
  );
  const mixed = ratio(
    () => ofBoth(plain),
    () => ofBoth(shared),
  );
  return { elementRatio: alone, mixedElementRatio: mixed };
}

// Compiled for itself each time: what one has met is not known to the other.
function makePass(): (array: Float64Array) => number {
  const body =
    'let sum = 0; for (let i = 0; i < array.length; i++) { sum += array[i]; array[i] = sum % 8; } return sum;';
  return new Function('array', body) as (array: Float64Array) => number;
}

/** The median times of both, by turns. */
function ratio(first: () => number, second: () => number): number {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < 21; round++) {
    times[0].push(timeOf(first));
    times[1].push(timeOf(second));
  }
  const [one, other] = times.map((list) => list.sort((a, b) => a - b)[10]) as [number, number];
  return other / one;
}

function timeOf(pass: () => number): number {
  const start = performance.now();
  for (let n = 0; n < passes; n++) pass();
  return performance.now() - start;
}
