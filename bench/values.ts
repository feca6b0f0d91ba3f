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
      if (!isPromoted(people[i % distinct] as Person, result as Person)) {
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

function isPromoted({ id, name, tags }: Person, result: Person | undefined): boolean {
  return (
    result?.id === id + 1 &&
    result.name === `Dr ${name}` &&
    result.tags.length === tags.length + 1 &&
    tags.every((tag, i) => result.tags[i] === tag) &&
    result.tags[tags.length] === 'promoted'
  );
}
