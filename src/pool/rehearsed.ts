// The module of a task that fork servers rehearse with: from a file, as tasks mostly are, so that finding, reading and
// linking modules is rehearsed as well.

export function rehearsed(value: unknown): unknown {
  return value;
}
