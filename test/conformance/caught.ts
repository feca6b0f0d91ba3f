// What a call threw, and whether that error is one that a user can act on. Which errors are due is said by the tests.
import { expect } from 'vitest';

export interface ClearError {
  /** The exact class: a subclass is not enough. */
  readonly class: abstract new (
    ...args: never[]
  ) => Error;
  readonly code: string;
  /** What the message must say: the method, the state or value, and the remedy. */
  readonly says: readonly (string | RegExp)[];
}

/** What the promise rejected with; fails when it resolves. */
export async function rejection(promise: PromiseLike<unknown>): Promise<Error & Record<string, unknown>> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error(`expected a rejection, but it resolved with ${String(value)}`);
}

/** What the function threw at the call; fails when it returns. */
export function thrown(call: () => unknown): Error & Record<string, unknown> {
  let value: unknown;
  try {
    value = call();
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error(`expected the call to throw, but it returned ${String(value)}`);
}

export function expectClear(error: unknown, expected: ClearError): void {
  const found = error as Error & { code?: unknown };
  expect(found).toBeInstanceOf(expected.class);
  expect({ class: found.constructor.name, code: found.code }).toEqual({
    class: expected.class.name,
    code: expected.code,
  });
  for (const part of expected.says) {
    if (typeof part === 'string') expect(found.message).toContain(part);
    else expect(found.message).toMatch(part);
  }
}

/** All values of an iterable, and the error that ended it, if one did. */
export async function drained<T>(
  source: AsyncIterable<T>,
): Promise<{ values: T[]; error: unknown; failed: boolean }> {
  const values: T[] = [];
  try {
    for await (const value of source) values.push(value);
  } catch (error) {
    return { values, error, failed: true };
  }
  return { values, error: undefined, failed: false };
}
