// What is made of each type when it is first needed: every process loads this package, and few need all types.

/** `make`, once for each argument. */
export function onDemand<Key, Made>(make: (key: Key) => Made): (key: Key) => Made {
  const all = new Map<Key, Made>();
  return (key) => {
    let made = all.get(key);
    if (made === undefined) {
      made = make(key);
      all.set(key, made);
    }
    return made;
  };
}
