// The decoder's input is hostile: any bytes give a value or a SerializationError, in proportion to their length.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SerializationError } from '../../lib/errors.js';
import { Decoder } from '../../lib/serialize/decoder.js';
import { WireRegistry } from '../../lib/serialize/registry.js';
import { byteKinds, ErrorOrigin, Tag } from '../../lib/serialize/wire-format.js';
import { decoded, encoded } from './support.js';

/** `npm run test:fuzz` sets a million. */
const numRuns = Number(process.env['FORKYARD_FUZZ_CASES'] ?? 20_000);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The value, or undefined for a SerializationError; anything else fails the test. */
function attempt(bytes: Uint8Array): unknown {
  try {
    return decoded(bytes);
  } catch (error) {
    if (error instanceof SerializationError) return undefined;
    throw error;
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const shared = { s: 'shared' };
const samples: unknown[] = [
  42,
  -1.5,
  'text and \u65e5',
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  [0.5, 1, 2, 3, 4, 5, 6, 7],
  { id: 1, name: 'x', tags: ['a', 'b'], nested: { deep: [null, undefined, true] } },
  new Map<unknown, unknown>([
    ['k', { v: 1 }],
    [shared, new Set([shared, 1n])],
  ]),
  [shared, shared, Object.assign(new Array(3), { 0: 1, 2: 3, extra: shared })],
  Object.assign(new Array(100_000), { 5: 'x', 70000: 'y' }),
  { date: new Date(5), regexp: /a+/gi, boxed: [Object(1), Object('s'), Object(2n)], big: -(2n ** 90n) },
  [
    new Uint8Array([1, 2, 3]),
    new Float64Array(4),
    Buffer.from('buffer'),
    new DataView(new ArrayBuffer(9)),
    new ArrayBuffer(5),
  ],
  Object.assign(new TypeError('bad', { cause: new RangeError('why') }), {
    code: 'E',
    detail: { shared },
    list: [shared],
  }),
  new AggregateError([new Error('a'), shared], 'all'),
  new DOMException('m', 'AbortError'),
  Array.from({ length: 300 }).reduce<unknown>((inner) => ({ inner }), 'bottom'),
];

describe('damaged messages', () => {
  const seeds = samples.map(encoded);

  test('every truncation', () => {
    for (const seed of seeds) {
      for (let length = 0; length < seed.length; length++) {
        expect(() => decoded(seed.slice(0, length)), `${length} of ${seed.length} bytes`).toThrow(
          SerializationError,
        );
      }
    }
  });

  test('anything after the end', () => {
    for (const seed of seeds)
      expect(() => decoded(Uint8Array.from([...seed, 1]))).toThrow(SerializationError);
  });

  test('every byte replaced by each of some values', () => {
    const replacements = [0, 1, 0x0a, 0x0e, 0x0f, 0x1b, 0x1f, 0x41, 0x7f, 0x80, 0xff];
    for (const seed of seeds) {
      const bytes = seed.slice();
      for (let i = 0; i < bytes.length; i++) {
        for (const replacement of replacements) {
          bytes[i] = replacement;
          attempt(bytes);
        }
        bytes[i] = seed[i];
      }
    }
  });

  test('random mutations: flips, insertions, removals, pieces of one message in another', () => {
    const edit = fc.tuple(
      fc.constantFrom('flip', 'insert', 'remove', 'splice'),
      fc.nat(),
      fc.nat(255),
      fc.nat(),
    );
    fc.assert(
      fc.property(
        fc.nat(seeds.length - 1),
        fc.array(edit, { minLength: 1, maxLength: 8 }),
        (index, edits) => {
          const bytes = [...seeds[index]];
          for (const [kind, at, byte, other] of edits) {
            const position = bytes.length === 0 ? 0 : at % bytes.length;
            const donor = seeds[other % seeds.length];
            if (kind === 'flip') bytes[position] = byte;
            else if (kind === 'insert') bytes.splice(position, 0, byte);
            else if (kind === 'remove') bytes.splice(position, 1 + (byte % 4));
            else bytes.splice(position, byte % 8, ...donor.slice(other % donor.length).slice(0, 40));
          }
          attempt(Uint8Array.from(bytes));
        },
      ),
      { numRuns },
    );
  });

  test('random bytes', () => {
    const token = fc.oneof(fc.nat(255), fc.constantFrom(...Object.values(Tag)));
    fc.assert(
      fc.property(fc.array(token, { maxLength: 60 }), (bytes) => {
        attempt(Uint8Array.from(bytes));
      }),
      { numRuns },
    );
  });

  test('a message that works after all that', () => {
    for (const [index, seed] of seeds.entries())
      expect(encoded(decoded(seed)).length, `sample ${index}`).toBeGreaterThan(0);
  });
});

describe('claims that the input does not cover', () => {
  const huge = varint(2 ** 45);
  const claims: [string, number[]][] = [
    ['an array', [Tag.Array, ...huge]],
    ['a block of integers', [Tag.Int32Array, ...huge]],
    ['a block of floats', [Tag.Float64Array, ...varint(2 ** 31)]],
    ['a string', [Tag.Latin1, ...huge]],
    ['a wide string', [Tag.Utf16, ...huge]],
    ['a BigInt', [Tag.BigInt, 0, ...huge]],
    ['bytes', [Tag.Bytes, byteKinds.indexOf('Uint8Array'), ...huge]],
    ['a slab', [Tag.SharedBytes, 4, ...huge]],
    ['a resizable buffer', [Tag.ResizableBuffer, ...huge, 0]],
    ['a sparse array', [Tag.SparseArray, ...varint(2 ** 32), Tag.End]],
    ['a short sparse array', [Tag.SparseArray, ...varint(100), Tag.End]],
    ['an endless length', [Tag.Array, ...new Array(100).fill(0xff)]],
    ['a length with idle bytes', [Tag.Latin1, 0x81, 0x80, 0x00, 0x41]],
    ['an element beyond an array', [Tag.Array, 0, 0x44, 0x31, 0x30, 0x30, 0x30, 0x81, Tag.End]],
    ['a reference', [Tag.Array, 1, Tag.Reference, ...huge]],
    ['a reference to what is not there yet', [Tag.Boxed, Tag.Reference, 0]],
    [
      'the frame of an error',
      [Tag.Error, ErrorOrigin.Builtin, 8, 0x40, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
    [
      'the identities of a frame',
      [Tag.Error, 0, 8, 0x40, 1, 0, 0, 0, 255, 255, 255, 127, 0, 0, 0, 0, Tag.Null, Tag.End],
    ],
  ];
  test.each(claims)('%s', (_, bytes) => {
    expect(() => decoded(Uint8Array.from(bytes))).toThrow(SerializationError);
  });

  test('arrays within arrays that each claim the whole rest', () => {
    const bytes = new Uint8Array(1_000_000);
    for (let i = 0; i < 4000; i += 4) bytes.set([Tag.Array, ...varint(bytes.length - i - 10)].slice(0, 4), i);
    expect(() => decoded(bytes)).toThrow(SerializationError);
  });

  test('nesting without end, in place and deferred', () => {
    for (const unit of [
      [Tag.Object, 0x41, 0x61],
      [Tag.Array, 1],
      [Tag.Set],
      [Tag.Error, 0, 0, 0x40, 0x40],
      [Tag.Boxed],
    ]) {
      const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => unit[i % unit.length]);
      expect(() => decoded(bytes)).toThrow(SerializationError);
    }
    const deferred = Uint8Array.from({ length: 300_000 }, (_, i) => (i % 2 === 0 ? Tag.Deferred : Tag.Set));
    expect(() => decoded(deferred)).toThrow(SerializationError);
  });

  test('resizable buffers reserve a limited range together', () => {
    const one = [Tag.ResizableBuffer, ...varint(2 ** 28), 0];
    expect(() =>
      decoded(Uint8Array.from([Tag.Array, 5, ...one, ...one, ...one, ...one, ...one, Tag.End])),
    ).toThrow(SerializationError);
  });

  test('few bytes do not become much memory', () => {
    const repeat = (unit: number[], count: number) =>
      Uint8Array.from([Tag.Array, ...varint(count), ...new Array(count).fill(unit).flat(), Tag.End]);
    const text = (value: string) => [0x40 + value.length, ...Buffer.from(value)];
    const greedy: [string, Uint8Array][] = [
      ['objects with one far index', repeat([Tag.Object, ...text('1000'), 0x81, Tag.End], 30_000)],
      [
        'errors with one far index',
        repeat(
          [Tag.Error, 0, 0, ...text('Error'), ...text('1000'), 1, ...new Array(11).fill(0), 0x81, Tag.End],
          30_000,
        ),
      ],
      [
        'instances with one far index',
        repeat([Tag.ClassFields, ...text('P'), ...text('1000'), 0x81, Tag.End], 30_000),
      ],
      ['long sparse arrays', repeat([Tag.SparseArray, ...varint(5000), Tag.End], 30_000)],
      [
        'sparse arrays with a value',
        repeat([Tag.SparseArray, ...varint(5000), ...text('1000'), 0x81, Tag.End], 30_000),
      ],
    ];
    const registry = new WireRegistry();
    registry.registerClass(class P {});
    const decoder = new Decoder({ registry });
    for (const [name, bytes] of greedy) {
      collectGarbage();
      const before = process.memoryUsage().heapUsed;
      const value = decoder.decode(bytes) as unknown[];
      collectGarbage();
      const grown = process.memoryUsage().heapUsed - before;
      expect(value).toHaveLength(30_000);
      expect(grown / bytes.length, name).toBeLessThan(150);
    }
  });
});

describe('what a message cannot do', () => {
  test('set a prototype, by any key', () => {
    const key = [0x49, ...Buffer.from('__proto__')];
    const value = decoded(
      Uint8Array.from([Tag.Object, ...key, Tag.Object, 0x41, 0x78, 0x81, Tag.End, Tag.End]),
    ) as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    const list = decoded(Uint8Array.from([Tag.Array, 0, ...key, Tag.Object, Tag.End, Tag.End])) as object;
    expect(Object.getPrototypeOf(list)).toBe(Array.prototype);
    const error = decoded(
      encoded(Object.defineProperty(new Error('x'), '__proto__', { value: { y: 1 }, enumerable: true })),
    ) as object;
    expect(Object.getPrototypeOf(error)).toBe(Error.prototype);
  });

  test('reach a class or error class by the name of a builtin property', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      const text = [0x40 + name.length, ...Buffer.from(name)];
      expect(() => decoded(Uint8Array.from([Tag.ClassFields, ...text, Tag.End]))).toThrow(SerializationError);
      expect(() => decoded(Uint8Array.from([Tag.Extension, ...text, Tag.Null]))).toThrow(SerializationError);
      for (const origin of Object.values(ErrorOrigin)) {
        expect(decoded(Uint8Array.from([Tag.Error, origin, 0, ...text, Tag.End]))).toBeInstanceOf(Error);
      }
    }
  });

  test('be read beyond its end, whatever follows in the memory', () => {
    const memory = new Uint8Array(100).fill(0x41);
    memory.set([Tag.Array, 2, 0x81, 0x45, 0x61], 10);
    expect(() => new Decoder().decode(memory, 10, 15)).toThrow(SerializationError);
    for (const [start, end] of [
      [5, 200],
      [-1, 5],
      [6, 5],
      [NaN, 5],
    ]) {
      expect(() => new Decoder().decode(memory, start, end)).toThrow(SerializationError);
    }
  });

  test('deliver more than plain data to a receiver with an empty registry', () => {
    const decoder = new Decoder({ registry: new WireRegistry() });
    expect(decoder.decode(encoded({ plain: [1, new Map([[1, 2]])] }), 0)).toEqual({
      plain: [1, new Map([[1, 2]])],
    });
  });
});
