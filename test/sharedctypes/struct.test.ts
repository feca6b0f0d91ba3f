// Structs: laid out as CPython's ctypes has them, fields that are the memory itself, and what copy and synchronized make.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as mp from '../../lib/index.js';
import { Pool, RawArray, RawValue, SharedArray, struct, Value } from '../../lib/index.js';
import { thrown } from '../conformance/caught.js';
import { Point, values } from '../fixtures/sharedctypes/values.mjs';

const scalarCodes = 'bBhHiIlLqQfdc'.split('') as mp.FieldType[];

// For each layout: its size and alignment, then the offset of each field.
const ctypesLayouts = `
import ctypes as c, json, sys
codes = dict(b=c.c_byte, B=c.c_ubyte, h=c.c_short, H=c.c_ushort, i=c.c_int, I=c.c_uint, l=c.c_long, L=c.c_ulong,
             q=c.c_longlong, Q=c.c_ulonglong, f=c.c_float, d=c.c_double, c=c.c_char)
def made(part):
    if isinstance(part, str): return codes[part]
    if isinstance(part, list): return made(part[0]) * part[1]
    return type('S', (c.Structure,), {'_fields_': [(name, made(field)) for name, field in part.items()]})
def told(part):
    kind = made(part)
    return [c.sizeof(kind), c.alignment(kind)] + [getattr(kind, name).offset for name in part]
print(json.dumps([told(part) for part in json.load(sys.stdin)]))
`;

type Plain = { [name: string]: string | Plain | [string | Plain, number] };

function randomLayout(depth: number): Plain {
  const fields = 1 + Math.floor(Math.random() * 6);
  return Object.fromEntries(Array.from({ length: fields }, (_, n) => [`f${n}`, randomField(depth)]));
}

function randomField(depth: number): Plain[string] {
  const isDeep = depth > 0 && Math.random() < 0.3;
  const part = isDeep ? randomLayout(depth - 1) : (scalarCodes[Math.floor(Math.random() * 13)] as string);
  return Math.random() < 0.3 ? [part, 1 + Math.floor(Math.random() * 5)] : part;
}

function typeOf(plain: Plain): mp.StructType {
  const part = (field: string | Plain) => (typeof field === 'string' ? field : typeOf(field));
  const field = (given: Plain[string]) => (Array.isArray(given) ? [part(given[0]), given[1]] : part(given));
  return struct(
    Object.fromEntries(Object.entries(plain).map(([name, given]) => [name, field(given)])) as mp.StructFields,
  );
}

test('size, alignment and offsets are those of ctypes, in 1000 random layouts', () => {
  const layouts = Array.from({ length: 1000 }, () => randomLayout(2));
  const told = execFileSync('python3', ['-c', ctypesLayouts], { input: JSON.stringify(layouts) });
  const ours = layouts.map((plain) => {
    const { size, alignment, layout } = typeOf(plain);
    return [size, alignment, ...layout.map(({ offset }) => offset)];
  });
  expect(ours).toEqual(JSON.parse(told.toString()));
});

test('equal definitions are one type', () => {
  expect(struct({ x: 'd', y: ['i', 2] })).toBe(struct({ x: 'float64', y: ['int32', 2] }));
  expect(struct({ x: 'd' })).not.toBe(struct({ y: 'd' }));
});

const Inner = struct({ a: 'b', b: 'd' });
const All = struct({
  n: 'i',
  big: 'Q',
  c: 'c',
  text: ['c', 4],
  inner: Inner,
  list: ['h', 3],
  many: [Inner, 2],
});

test('fields are the memory: scalars, text, arrays, structs and arrays of structs', () => {
  const value = new Value(All, {
    ...{ n: -1, big: 5n, c: 'x', text: 'abcd', inner: { a: 1 } },
    ...{ list: [1, 2], many: [{ b: 0.5 }] },
  });
  expect(value.toJSON()).toMatchObject({ n: -1, big: 5n, c: 'x', text: 'abcd' });
  expect([...value.list]).toEqual([1, 2, 0]);
  expect([value.inner.a, value.inner.b, value.many.at(0).b, value.many.length]).toEqual([1, 0, 0.5, 2]);
  value.inner.b = 2;
  value.list.put(-1, 9);
  value.many.at(1).a = 3;
  value.many.put(0, { a: 4 });
  value.text = 'é';
  value.n++;
  expect([value.inner.b, value.list[2], value.many.at(1).a, value.text, value.n]).toEqual([2, 9, 3, 'é', 0]);
  expect([value.many.at(0).a, value.many.at(0).b]).toEqual([4, 0]);
  Object.assign(value, { inner: { b: 7 }, list: [5] });
  expect([value.inner.a, value.inner.b, ...value.list]).toEqual([0, 7, 5, 0, 0]);
  value.inner = value.many.at(0);
  expect(value.inner.a).toBe(4);
  for (const part of [value.inner, value.list, value.many]) expect('getLock' in part).toBe(false);
  expect(value.list).toBeInstanceOf(RawArray);
  expect(value.inner).toBeInstanceOf(RawValue);
});

test.each([
  ['n', 1.5, 'ERR_OUT_OF_RANGE', "'n'"],
  ['n', 2 ** 31, 'ERR_OUT_OF_RANGE', "'n'"],
  ['big', 5, 'ERR_INVALID_ARG_TYPE', 'BigInt'],
  ['c', 'ab', 'ERR_OUT_OF_RANGE', 'one character'],
  ['text', 'abcde', 'ERR_OUT_OF_RANGE', 'at most 4'],
  ['text', '€', 'ERR_OUT_OF_RANGE', 'Buffer.from'],
  ['text', 5, 'ERR_INVALID_ARG_TYPE', "'text'"],
  ['inner', 5, 'ERR_INVALID_ARG_TYPE', 'a, b'],
  ['inner', { a: 1, bb: 2 }, 'ERR_INVALID_ARG_TYPE', "'inner.bb'"],
  ['inner', { b: 1, a: 128 }, 'ERR_OUT_OF_RANGE', "'inner.a'"],
  ['list', [1, 2, 3, 4], 'ERR_OUT_OF_RANGE', 'at most 3'],
  ['list', [1, 40_000], 'ERR_OUT_OF_RANGE', "'list[1]'"],
  ['list', 5, 'ERR_INVALID_ARG_TYPE', 'iterable'],
  ['many', [{ a: 1 }, { a: 1.5 }], 'ERR_OUT_OF_RANGE', "'many[1].a'"],
])('a field %s set to %o is refused, and nothing is changed', (name, to, code, says) => {
  const value = new Value(All, {
    n: 1,
    text: 'abc',
    inner: { a: 1, b: 2 },
    list: [7, 8, 9],
    many: [{ a: 5 }],
  });
  const before = JSON.stringify({ ...value.toJSON(), big: 0 });
  const error = thrown(() => Reflect.set(value, name, to));
  expect(error).toMatchObject({ code });
  expect(error.message).toContain(says);
  expect(JSON.stringify({ ...value.toJSON(), big: 0 })).toBe(before);
});

test.each([
  [{}, 'at least one field'],
  [null, 'plain object'],
  [new Map(), 'plain object'],
  // As `{ __proto__: { x: 'd' } }` gives it.
  [Object.create({ x: 'd' }), 'plain object'],
  [Object.fromEntries([['__proto__', 'd']]), '__proto__'],
  [{ constructor: 'd' }, 'constructor'],
  [{ toString: 'd' }, 'toString'],
  [{ getLock: 'd' }, 'getLock'],
  [Object.fromEntries([['then', 'd']]), 'then'],
  [{ 1: 'd' }, 'identifiers'],
  [{ 'a b': 'd' }, 'identifiers'],
  [{ '': 'd' }, 'identifiers'],
  [{ x: 'flaot64' }, "perhaps 'float64'"],
  [{ x: ['d'] }, '[type, length]'],
  [{ x: ['d', 0] }, 'at least 1'],
  [{ x: ['d', -1] }, 'at least 1'],
  [{ x: ['d', 1.5] }, 'at least 1'],
  [{ x: [['d', 2], 2] }, 'fields.x[0]'],
])('struct(%o) is refused', (fields, says) => {
  const error = thrown(() => struct(fields as never));
  expect(error.message).toContain(says);
  expect(['ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_TYPE']).toContain(Reflect.get(error, 'code'));
});

test('arrays of structs check their bounds, and iterate', () => {
  const array = new mp.Array(Inner, [{ a: 1 }, { a: 2 }]);
  expect(array).toBeInstanceOf(SharedArray);
  expect([...array].map(({ a }) => a)).toEqual([1, 2]);
  array.at(-1).b = 5;
  expect(array.at(1).b).toBe(5);
  for (const index of [2, -3, 0.5]) {
    expect(thrown(() => array.at(index))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(thrown(() => array.put(index, {}))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  }
  expect(thrown(() => new SharedArray(Inner, 0))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  expect(new RawArray(Inner, 1000).length).toBe(1000);
});

test('a copy is independent, with a lock of its own if the original has one', () => {
  const point = new Value(Point, { x: 1, name: 'one', tags: [1, 2] });
  const other = mp.copy(point);
  other.x = 2;
  expect([point.x, other.x, other.name, other.tags[1]]).toEqual([1, 2, 'one', 2]);
  expect(other.getLock()).not.toBe(point.getLock());
  expect('getLock' in mp.copy(point.getObj())).toBe(false);
  const array = new SharedArray('q', [1n, 2n]);
  const twin = mp.copy(array);
  twin[0] = 5n;
  expect([...array, ...twin]).toEqual([1n, 2n, 5n, 2n]);
  const points = mp.copy(new RawArray(Point, [{ x: 3 }]));
  expect([points.length, points.at(0).x]).toEqual([1, 3]);
  expect(mp.copy(new Value('c', 'x')).value).toBe('x');
  for (const wrong of [5, null, {}, new Float64Array(1), new Proxy({}, {})]) {
    expect(thrown(() => mp.copy(wrong as object))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  }
});

test('synchronized puts a lock on what is raw, and refuses what has one', () => {
  const lock = new mp.Lock();
  const raw = new RawArray('i', [1, 2]);
  const array = mp.synchronized(raw, lock);
  expect(array.getLock()).toBe(lock);
  array[0] = 9;
  expect(raw[0]).toBe(9);
  expect(mp.synchronized(new RawValue('i', 1)).runSync(() => 5)).toBe(5);
  expect(mp.synchronized(new RawValue(Point)).getLock()).toBeInstanceOf(mp.RLock);
  for (const locked of [array, new Value('i'), new Value(Point), new SharedArray(Point, 1)]) {
    expect(thrown(() => mp.synchronized(locked))).toMatchObject({ code: 'ERR_FORKYARD_SYNCHRONIZED' });
  }
  expect(thrown(() => mp.synchronized(raw, {} as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(thrown(() => mp.synchronized({} as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('an array of characters has its text and its bytes', () => {
  const array = new mp.Array('c', 'héllo');
  expect([array.length, array.value, array[1]]).toEqual([5, 'héllo', 0xe9]);
  array.value = 'ab';
  expect([array.value, ...array.raw]).toEqual(['ab', 97, 98, 0, 108, 111]);
  array.raw = Buffer.from('xyz');
  expect(array.value).toBe('xyzlo');
  array.raw.fill(0);
  expect(array.value).toBe('xyzlo');
  array.put(0, 65);
  for (const wrong of ['too long', '€']) {
    expect(thrown(() => Reflect.set(array, 'value', wrong))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  }
  expect(thrown(() => Reflect.set(array, 'raw', 'x'))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(thrown(() => Reflect.set(array, 'raw', Buffer.alloc(6)))).toMatchObject({
    code: 'ERR_OUT_OF_RANGE',
  });
  expect(new RawArray('c', Buffer.from([1, 255]))[1]).toBe(255);
});

test('the elements of arrays are checked when they are given, and by put', () => {
  const array = new SharedArray('q', [1n]);
  for (const wrong of [2n ** 63n, -(2n ** 63n) - 1n]) {
    expect(thrown(() => array.put(0, wrong))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(thrown(() => new SharedArray('q', [wrong]))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  }
  expect(thrown(() => array.put(0, 1 as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(thrown(() => new mp.Array('B', [1, 256])).message).toContain("'values[1]'");
  expect(array.getLock()).toBe(array.getLock());
  expect('getLock' in new SharedArray('d', 2, { lock: false })).toBe(false);
});

describe.each(['forkserver', 'spawn'] satisfies mp.StartMethodName[])('sent (%s)', (startMethod) => {
  let pool: Pool;
  beforeAll(() => {
    pool = new Pool({ processes: 1, startMethod });
  });
  afterAll(() => pool[Symbol.asyncDispose]());

  test('structs, arrays of them, and parts of them arrive as the same memory', async () => {
    const point = new Value(Point, { x: 1 });
    const back = await pool.apply(values.move, [point, 2]);
    expect([point.x, point.name, point.tags[1], back.getLock() === point.getLock()]).toEqual([
      3,
      'moved',
      5,
      true,
    ]);
    await pool.apply(values.setFirst, [point.tags, 8]);
    expect(point.tags[0]).toBe(8);
    const points = (await pool.apply(values.makePoints, [3])) as SharedArray<typeof Point>;
    await pool.apply(values.movePart, [points, -1]);
    expect([points.length, points.at(2).x]).toEqual([3, -1]);
    await pool.apply(values.move, [points.at(1), 4]);
    expect(points.at(1).x).toBe(4);
  });

  test('types, copies and locks as well', async () => {
    expect(await pool.apply(values.isPoint, [Point])).toBe(true);
    const raw = new RawValue(Point, { x: 1 });
    const other = (await pool.apply(values.copyOf, [raw])) as RawValue<typeof Point>;
    other.x = 2;
    expect(raw.x).toBe(1);
    const locked = (await pool.apply(values.synchronize, [raw])) as Value<typeof Point>;
    locked.x = 3;
    expect(raw.x).toBe(3);
    const array = new SharedArray('i', 2);
    expect(await pool.apply(values.isLockOf, [array.getLock(), array])).toBe(true);
    expect(await pool.apply(values.kindOf, [array])).toEqual(['SharedArray', false, false, true]);
    expect(await pool.apply(values.kindOf, [array.getObj()])).toEqual(['RawArray', false, false, false]);
    const text = new mp.Array('c', 4);
    await pool.apply(values.set, [text, 'hi']);
    expect(text.value).toBe('hi');
  });
});
