// The code that workers run: the same functions for every rival; rivals/python/tasks.py has them in Python. Functions
// only, as several rivals are handed the whole module.

export function square(x: number): number {
  return x * x;
}

export interface Person {
  readonly id: number;
  readonly name: string;
  readonly tags: readonly string[];
}

/** Another object of the same shape. */
export function promote({ id, name, tags }: Person): Person {
  return { id: id + 1, name: `Dr ${name}`, tags: [...tags, 'promoted'] };
}

/** A string of the same length. */
export function upperCase(text: string): string {
  return text.toUpperCase();
}

export function fail(x: number): never {
  throw new Error(`no result for ${x}`);
}

let noise = 1;

/** Keeps its CPU busy for that many microseconds by the clock, then squares. */
export function busySquare({ us, x }: { readonly us: number; readonly x: number }): number {
  const end = performance.now() + us / 1000;
  // Each look at the clock leaves garbage. Without arithmetic in between, its collection would be what is measured.
  while (performance.now() < end) {
    for (let i = 0; i < 400; i++) noise = Math.imul(noise, 48_271) | 1;
  }
  return x * x;
}

/** Takes so many milliseconds and no CPU. */
export async function wait(ms: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
}

/** Milliseconds of the machine's monotonic clock, which all processes read. */
export function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Writes to both ends, so that whoever hands out shared memory must hand out memory that can be written. */
export function touchEnds(array: Float64Array): Float64Array {
  array[0] += 1;
  array[array.length - 1] += 1;
  return array;
}

/** The same on memory that the caller sees; its first element is the result. */
export function touchShared(array: Float64Array): number {
  array[0] += 1;
  array[array.length - 1] += 1;
  return array[0] as number;
}
