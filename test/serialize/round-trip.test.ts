// What arrives is what structuredClone gives: over generated values, and for the cases that generators miss.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assertSame, roundTrip } from './support.js';

const unit = fc.oneof(
  fc.integer({ min: 32, max: 126 }),
  fc.integer({ min: 0, max: 255 }),
  fc.integer({ min: 0, max: 0xffff }),
);
const text = fc.array(unit, { maxLength: 80 }).map((codes) => String.fromCharCode(...codes));
const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'length', '', '0', '7', '70', '4294967294', '-1'),
  text,
);

const anything = fc.anything({
  key,
  values: [
    text,
    fc.integer(),
    fc.double(),
    fc.constant(-0),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.bigInt(),
  ],
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
  maxDepth: 4,
});

const kinds = ['object', 'array', 'map', 'set'] as const;
const graph = fc
  .array(fc.record({ kind: fc.constantFrom(...kinds), edges: fc.array(fc.nat(30), { maxLength: 4 }) }), {
    minLength: 1,
    maxLength: 40,
  })
  .map(buildGraph);

function buildGraph(nodes: { kind: (typeof kinds)[number]; edges: number[] }[]): object {
  const made: object[] = nodes.map(
    ({ kind }) => ({ object: {}, array: [], map: new Map(), set: new Set() })[kind],
  );
  nodes.forEach(({ edges }, index) => {
    const from = made[index];
    for (const [position, edge] of edges.entries()) {
      const to = made[edge % made.length];
      if (from instanceof Map) from.set(position % 2 === 0 ? to : position, to);
      else if (from instanceof Set) from.add(to);
      else Object.assign(from, { [position]: to });
    }
  });
  return { first: made[0], all: made };
}

describe('generated values', () => {
  test('any value arrives as structuredClone would have it', () => {
    fc.assert(
      fc.property(anything, (value) => {
        assertSame(roundTrip(value), structuredClone(value));
      }),
      { numRuns: 2000 },
    );
  });

  test('shared and circular references stay the same object', () => {
    fc.assert(
      fc.property(graph, (value) => {
        assertSame(roundTrip(value), structuredClone(value));
      }),
      { numRuns: 1000 },
    );
  });

  test('arrays of numbers, with and without what does not fit a block', () => {
    const number = fc.oneof(
      fc.integer(),
      fc.integer({ min: -5, max: 130 }),
      fc.double(),
      fc.constant(-0),
      fc.constant(NaN),
    );
    const intruder = fc.tuple(fc.nat(99), fc.constantFrom('x', undefined, null, 1n));
    fc.assert(
      fc.property(
        fc.array(number, { maxLength: 100 }),
        fc.option(intruder),
        fc.option(fc.nat(99)),
        (numbers, extra, hole) => {
          const value: unknown[] = [...numbers];
          if (extra !== null && extra[0] < value.length) value[extra[0]] = extra[1];
          if (hole !== null && hole < value.length) delete value[hole];
          assertSame(roundTrip(value), structuredClone(value));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('strings keep every code unit', () => {
    fc.assert(
      fc.property(text, (value) => roundTrip(value) === value),
      { numRuns: 2000 },
    );
  });
});

describe('primitives', () => {
  const numbers = [
    0,
    -0,
    1,
    -1,
    127,
    128,
    -128,
    2 ** 31 - 1,
    -(2 ** 31),
    2 ** 31,
    0.1,
    1e308,
    5e-324,
    NaN,
    Infinity,
    -Infinity,
  ];
  test.each(numbers)('the number %s', (value) => {
    expect(Object.is(roundTrip(value), value)).toBe(true);
  });

  const sizes = [0, 1, 13, 14, 15, 16, 17, 62, 63, 64, 65, 127, 128, 4095, 4096, 20000, 300000];
  test.each(sizes)('strings of %i characters, one byte, two bytes and mixed', (size) => {
    for (const letter of ['a', '\u00e9', '\u65e5', '\ud800']) {
      const value = letter.repeat(size);
      expect(roundTrip(value) === value).toBe(true);
      expect(roundTrip(`a${value}`) === `a${value}`).toBe(true);
      expect(roundTrip(`${value}\u65e5`) === `${value}\u65e5`).toBe(true);
    }
  });

  test('a string that was put together of pieces, and one of two-byte storage with one-byte content', () => {
    const joined = Array.from({ length: 50 }, (_, i) => `piece ${i}`).reduce((left, right) => left + right);
    const narrow = '\u65e5 and then plain text'.slice(1);
    expect(roundTrip([joined, narrow])).toEqual([joined, narrow]);
  });

  const integers = [
    0n,
    -1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    2n ** 63n,
    -(2n ** 63n) - 1n,
    2n ** 64n,
    -(10n ** 500n),
    255n << 800n,
  ];
  test.each(integers)('the BigInt %s', (value) => {
    expect(roundTrip(value)).toBe(value);
  });
});

describe('objects', () => {
  test('a key called __proto__ is a property, and no prototype is touched', () => {
    const value = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}}}');
    const copy = roundTrip(value);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.keys(copy)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('setters of Object.prototype are not called', () => {
    let called = false;
    Object.defineProperty(Object.prototype, 'trapped', { set: () => (called = true), configurable: true });
    try {
      const value = Object.defineProperty({}, 'trapped', { value: 5, enumerable: true });
      expect(Object.getOwnPropertyDescriptor(roundTrip(value), 'trapped')?.value).toBe(5);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'trapped');
    }
    expect(called).toBe(false);
  });

  test('what is inherited, not enumerable or keyed by a symbol stays behind; getters are read', () => {
    class Base {
      inherited = 1;
    }
    const value = Object.assign(Object.create(new Base()), { own: 2, [Symbol('s')]: 3 });
    Object.defineProperty(value, 'hidden', { value: 4 });
    Object.defineProperty(value, 'computed', { get: () => 5, enumerable: true });
    assertSame(roundTrip(value), { own: 2, computed: 5 });
  });

  test('an object with more fields than a shape holds', () => {
    const value = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`field ${i}`, i]));
    assertSame(roundTrip(value), value);
  });

  test('fields named by numbers, dense and far apart', () => {
    const value = { 0: 'a', 1: 'b', 1000: 'c', 1001: 'd', 4294967294: 'e', 4294967295: 'f', '01': 'g' };
    assertSame(roundTrip(value), value);
    const dense = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [i + 1000, i]));
    assertSame(roundTrip(dense), dense);
  });

  test('an instance of an unknown class arrives as its fields', () => {
    class Point {
      x = 1;
      #secret = 2;
      get secret() {
        return this.#secret;
      }
    }
    assertSame(roundTrip(new Point()), { x: 1 });
    expect(() => roundTrip({ at: new URL('http://localhost') })).toThrow('cannot send at: a URL keeps');
  });
});

describe('arrays', () => {
  const sparse = (length: number, entries: Record<number, unknown>) =>
    Object.assign(new Array(length), entries);
  const cases: [string, unknown[]][] = [
    ['empty', []],
    ['holes only', new Array(5)],
    ['holes only, long', new Array(5000)],
    ['longest possible', sparse(2 ** 32 - 1, { 0: 'a', 4294967294: 'b' })],
    ['mostly holes', sparse(100_000, { 5: 'x', 99999: 'y' })],
    ['some holes in many', sparse(5000, Object.fromEntries(Array.from({ length: 4500 }, (_, i) => [i, i])))],
    ['undefined beside holes', sparse(3, { 1: undefined })],
    ['named properties', Object.assign([1, 2, 3], { name: 'x', '-1': 4, '1.5': 5 })],
    [
      'named properties of a block',
      Object.assign(
        Array.from({ length: 1000 }, (_, i) => i),
        { extra: true },
      ),
    ],
    [
      'named properties of a float block',
      Object.assign(
        Array.from({ length: 1000 }, (_, i) => i / 3),
        { extra: true },
      ),
    ],
    ['a match of a regular expression', /b(?<g>c)/.exec('abcd') as unknown[]],
    ['the longest array of strings', Array.from({ length: 20_000 }, (_, i) => `item ${i}`)],
  ];
  test.each(cases)('%s', (_, value) => {
    assertSame(roundTrip(value), structuredClone(value));
  });

  test('a hole is not filled from a polluted prototype', () => {
    const value = sparse(3, { 0: 1 });
    expect(1 in roundTrip(value)).toBe(false);
  });

  test('a subclass arrives as a plain array', () => {
    class Stack extends Array {}
    assertSame(roundTrip(Stack.from([1, 'a'])), [1, 'a']);
  });
});

describe('other builtins', () => {
  test('lastIndex of a regular expression is reset', () => {
    const expression = /a/g;
    expression.lastIndex = 3;
    expect(roundTrip(expression).lastIndex).toBe(0);
  });

  test('dates at the ends of time, and none', () => {
    for (const time of [0, -0, 8.64e15, -8.64e15, NaN, 1.5])
      assertSame(roundTrip(new Date(time)), new Date(time));
  });

  test('properties of a Map or a boxed value stay behind, as with structuredClone', () => {
    for (const value of [Object.assign(new Map([[1, 2]]), { x: 1 }), Object.assign(Object(3), { x: 1 })]) {
      assertSame(roundTrip(value), structuredClone(value));
    }
  });

  test('builtins of another realm', async () => {
    const { runInNewContext } = await import('node:vm');
    const value = runInNewContext(
      '({ list: [1, , 3], map: new Map([[1, new Date(5)]]), bytes: new Uint8Array([1, 2]) })',
    );
    assertSame(roundTrip(value), {
      list: Object.assign(new Array(3), { 0: 1, 2: 3 }),
      map: new Map([[1, new Date(5)]]),
      bytes: new Uint8Array([1, 2]),
    });
  });
});
