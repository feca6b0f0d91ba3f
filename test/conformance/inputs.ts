// Inputs for map and imap: some that come, some that come later, one that never comes.

/** `[1, , 3]`, which linters take for a slip of the pen. */
export function withHole(): number[] {
  const list = [1, 2, 3];
  delete list[1];
  return list;
}

export function* generate(count: number): Generator<number> {
  for (let n = 0; n < count; n++) yield n;
}

export async function* generateLater(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    yield n;
  }
}

export function neverReady(): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
}
