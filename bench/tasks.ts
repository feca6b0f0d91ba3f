// The code that workers run: the same functions for every rival. python-pool.py has the same two in Python.

export type TaskName = 'square' | 'touchEnds';

export function square(x: number): number {
  return x * x;
}

/** Writes to both ends, so that whoever hands out shared memory must hand out memory that can be written. */
export function touchEnds(array: Float64Array): Float64Array {
  array[0] += 1;
  array[array.length - 1] += 1;
  return array;
}
