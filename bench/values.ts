// What is sent through the pools, with how it must come back; rivals/python/values.py has the same in Python.
import type { TaskName } from './scenario.js';
import type { Person } from './tasks.js';

export type Kind = 'numbers' | 'objects' | 'strings' | 'errors';

export interface Values {
  readonly task: TaskName;
  /** Whether the task throws. */
  readonly fails?: true;
  /** The argument of the i-th call. */
  make(i: number): unknown;
  /** Throws unless this is the result of the i-th call; for errors, what it threw. */
  check(i: number, result: unknown): void;
}

/** Made beforehand, as making them is not what is measured. */
const distinct = 1000;
const people = Array.from(
  { length: distinct },
  (_, id): Person => ({ id, name: `Ada ${id}`, tags: ['reader', 'writer', `n${id}`] }),
);
const promoted = people.map(
  ({ id, name, tags }): Person => ({ id: id + 1, name: `Dr ${name}`, tags: [...tags, 'promoted'] }),
);
const texts = Array.from({ length: distinct }, (_, i) => `${i} `.padEnd(1024, 'abcdefghijklmnop'));
const upperTexts = texts.map((text) => text.toUpperCase());

export const values: Readonly<Record<Kind, Values>> = {
  numbers: {
    task: 'square',
    make: (i) => i,
    check(i, result) {
      if (result !== i * i) throw new Error(`square(${i}) gave ${String(result)}`);
    },
  },
  objects: {
    task: 'promote',
    make: (i) => people[i % distinct],
    check(i, result) {
      if (!isSame(result as Person | undefined, promoted[i % distinct] as Person)) {
        throw new Error(`promote of object ${i} gave ${JSON.stringify(result)}`);
      }
    },
  },
  strings: {
    task: 'upperCase',
    make: (i) => texts[i % distinct],
    check(i, result) {
      if (result !== upperTexts[i % distinct]) throw new Error(`upperCase of string ${i} gave another`);
    },
  },
  errors: {
    task: 'fail',
    fails: true,
    make: (i) => i,
    check(i, error) {
      if (!(error instanceof Error && error.message.includes(`no result for ${i}`))) {
        throw new Error(`fail(${i}) gave another error: ${String(error)}`);
      }
    },
  },
};

/** Tasks that keep a CPU busy for so many microseconds. */
export function busy(us: number): Values {
  return { task: 'busySquare', make: (x) => ({ us, x }), check: values.numbers.check };
}

function isSame(result: Person | undefined, expected: Person): boolean {
  if (result?.id !== expected.id || result.name !== expected.name) return false;
  if (result.tags.length !== expected.tags.length) return false;
  for (let i = 0; i < expected.tags.length; i++) if (result.tags[i] !== expected.tags[i]) return false;
  return true;
}
