// Named things that are gone at the end of the test.

/** Its `using` also removes the name, unless that is gone. */
export function unlinked<T extends Disposable & { unlink(): void }>(thing: T): T {
  const close = thing[Symbol.dispose].bind(thing);
  return Object.assign(thing, {
    [Symbol.dispose]() {
      close();
      try {
        thing.unlink();
      } catch (error) {
        if (Reflect.get(error as object, 'code') !== 'ERR_FORKYARD_NO_SUCH_NAME') throw error;
      }
    },
  });
}
