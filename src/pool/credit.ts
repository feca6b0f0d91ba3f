// How many tasks a worker may hold: many short ones, so that it never waits for the pool; one or two long ones, so
// that none waits behind another while a second worker is idle.

const targetUs = 6000;
const longTaskUs = 10_000;
const mostTasks = 1024;

/** Whether nothing should wait behind it in the same worker. */
export function isLong(taskUs: number): boolean {
  return taskUs >= longTaskUs;
}

/** `meanTaskUs` is 0 while nothing is known: then none waits behind another that may be long. */
export function creditFor(meanTaskUs: number, concurrency: number): number {
  if (meanTaskUs === 0 || isLong(meanTaskUs)) return concurrency;
  return Math.max(concurrency + 1, Math.min(mostTasks, Math.ceil(targetUs / meanTaskUs)));
}
