// What has come into /dev/shm since a moment, and stays. Tests that run at the same time make names there, too, which go.
import { shmEntries } from './system-state.js';
import { until } from './until.js';

/** Fails if one of the names that are new since `before` does not go. */
export async function expectShmAsBefore(before: readonly string[]): Promise<void> {
  let left = shmEntries().filter((name) => !before.includes(name));
  const isRidOfThem = (): boolean => {
    const now = new Set(shmEntries());
    left = left.filter((name) => now.has(name));
    return left.length === 0;
  };
  await until(isRidOfThem, { what: () => `the end of ${left} in /dev/shm`, timeoutMs: 20_000 });
}
