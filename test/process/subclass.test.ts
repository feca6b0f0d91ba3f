// A class with a run() of its own, registered by task(), travels with its fields.
import { afterEach, describe, expect, test } from 'vitest';
import { Process, SerializationError, TaskResolutionError } from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { Failing, Stranger, Summer, work } from '../fixtures/process/tasks.mjs';

const started: { [Symbol.asyncDispose](): Promise<void> }[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) await child[Symbol.asyncDispose]();
});

test('its run() is called on an instance of the class with the fields of the original', async () => {
  const child = new Summer([1, 2, 39], { name: 'summer', stdio: 'ignore' });
  started.push(child);
  child.start();
  expect(await child.result).toEqual({
    sum: 42,
    note: { made: 'here' },
    name: 'summer',
    pid: child.pid,
    isCurrent: true,
    isInstance: true,
    helped: '3 numbers',
  });
  await child.join();
  expect(child.exitCode).toBe(0);
});

test('fields are those at the start', async () => {
  const child = new Summer([1], { stdio: 'ignore' });
  started.push(child);
  child.numbers = [5, 6];
  child.start();
  child.numbers = [7];
  expect(await child.result).toMatchObject({ sum: 11 });
});

test('what its run() throws', async () => {
  const child = new Failing({ stdio: 'ignore' });
  started.push(child);
  child.start();
  expect(await rejection(child.result)).toBeInstanceOf(SyntaxError);
  await child.join();
  expect(child.exitCode).toBe(1);
});

test('a class that was not registered: start() says what to do', () => {
  const child = new Stranger();
  expectClear(
    thrown(() => child.start()),
    {
      class: TaskResolutionError,
      code: 'ERR_FORKYARD_TASK_RESOLUTION',
      says: ['Process.start', 'Stranger', 'import.meta'],
    },
  );
  expect(child.isAlive()).toBe(false);
});

test('a field that cannot be encoded: start() names it, and nothing was started', () => {
  const child = new Summer([1]);
  child.note = { made: () => {} } as never;
  expectClear(
    thrown(() => child.start()),
    {
      class: SerializationError,
      code: 'ERR_FORKYARD_SERIALIZATION',
      says: ['note.made'],
    },
  );
  expect(child.isAlive()).toBe(false);
  child.note = { made: 'anew' };
});

describe('run() called in this process', () => {
  test('runs the target here, as in Python', async () => {
    const child = new Process({ target: work.add, args: [4, 5] });
    expect(await child.run()).toBe(9);
    expect(child.pid).toBeNull();
    expect(await new Process().run()).toBeUndefined();
  });
});
