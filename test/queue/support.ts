// Processes that end with the test that started them, and the figures of the tests.
import { onTestFinished } from 'vitest';
import { Process, type ProcessOptions } from '../../lib/index.js';

export const startMethods = ['forkserver', 'spawn'] as const;

type Options = Omit<ProcessOptions<never[], unknown>, 'target' | 'args'>;

/** Starts it; whatever becomes of it, nothing is left. */
export function run(target: unknown, args: readonly unknown[] = [], options: Options = {}) {
  const child = new Process({ ...options, target, args } as never as ProcessOptions<never[], unknown>);
  onTestFinished(async () => {
    if (child.isAlive()) child.kill();
    await child.join();
  });
  child.start();
  return child;
}

/** What it returned. */
export async function resultOf(target: unknown, args: readonly unknown[] = [], options?: Options) {
  const child = run(target, args, options);
  const result: unknown = await child.result;
  await child.join();
  return result;
}

/** Numbers from 0. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
