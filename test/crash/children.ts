// Many children of a fork server: what must be true of them. Used by children.test.ts here, for a few, and by
// test/stress/, for many.
import { expect } from 'vitest';
import { reportOf } from './support.js';

/** How many numbers were drawn. */
export async function expectDistinct(children: number, timeoutMs: number): Promise<number> {
  const report = await reportOf<{ children: number; numbers: number; repeated: string[] }>(
    'stress/random-in-children.mjs',
    { args: [String(children)], timeoutMs },
  );
  expect(report).toMatchObject({ children, repeated: [] });
  return report.numbers;
}

/** How long they took. */
export async function expectWorkingChildren(children: number, timeoutMs: number): Promise<number> {
  const report = await reportOf<{ children: number; wrong: string[]; failures: number; elapsedMs: number }>(
    'stress/many-children.mjs',
    { args: [String(children)], timeoutMs },
  );
  expect(report).toMatchObject({ children, wrong: [], failures: 0 });
  return report.elapsedMs;
}
