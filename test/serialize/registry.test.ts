// Classes and special objects that cross a process border under a name.
import { describe, expect, test } from 'vitest';
import { SerializationError } from '../../lib/errors.js';
import { Decoder } from '../../lib/serialize/decoder.js';
import { Encoder } from '../../lib/serialize/encoder.js';
import { WireRegistry } from '../../lib/serialize/registry.js';

class Vector {
  static made = 0;
  constructor(
    readonly x: number,
    readonly y: number,
  ) {
    Vector.made++;
  }
  get length(): number {
    return Math.hypot(this.x, this.y);
  }
}

class Secret {
  #value: unknown;
  constructor(value: unknown) {
    this.#value = value;
  }
  get value(): unknown {
    return this.#value;
  }
}

function registryWith(...fill: ((registry: WireRegistry) => void)[]): WireRegistry {
  const registry = new WireRegistry();
  for (const step of fill) step(registry);
  return registry;
}

function through<T>(value: T, registry: WireRegistry, receiver = registry): T {
  const encoder = new Encoder({ registry });
  encoder.encode(value);
  return new Decoder({ registry: receiver }).decode(encoder.bytes, encoder.start, encoder.end) as T;
}

const withVector = (registry: WireRegistry) => registry.registerClass(Vector);
const withSecret = (registry: WireRegistry) =>
  registry.registerClass(Secret, {
    toWire: (secret) => [secret.value],
    fromWire: ([value]: [unknown]) => new Secret(value),
  });

describe('registered classes', () => {
  test('arrive as instances, without the constructor', () => {
    const value = { a: new Vector(3, 4), list: [new Vector(0, 0)] };
    const made = Vector.made;
    const copy = through(value, registryWith(withVector));
    expect(Vector.made).toBe(made);
    expect(copy.a).toBeInstanceOf(Vector);
    expect([copy.a.length, copy.list[0].x, Object.keys(copy.a)]).toEqual([5, 0, ['x', 'y']]);
  });

  test('keep identity, and may refer to themselves', () => {
    const vector = Object.assign(new Vector(1, 2), { self: null as unknown, others: new Map() });
    vector.self = vector;
    vector.others.set(vector, [vector]);
    const [first, second] = through([vector, vector], registryWith(withVector));
    expect(first).toBe(second);
    expect(first.self).toBe(first);
    expect(first.others.get(first)).toEqual([first]);
  });

  test('a setter of the class is not called', () => {
    class Guarded {
      declare level: number;
      set volume(_: number) {
        throw new Error('called');
      }
    }
    const value = Object.defineProperty(new Guarded(), 'volume', { value: 11, enumerable: true });
    const copy = through(
      value,
      registryWith((registry) => registry.registerClass(Guarded)),
    );
    expect(Object.getOwnPropertyDescriptor(copy, 'volume')?.value).toBe(11);
  });

  test('convert with toWire and fromWire, nested and deep', () => {
    const copy = through(
      new Secret({ inner: new Secret('x'), vector: new Vector(1, 1) }),
      registryWith(withVector, withSecret),
    );
    const { inner, vector } = copy.value as { inner: Secret; vector: Vector };
    expect([inner.value, vector.x]).toEqual(['x', 1]);
    let deep: unknown = 'bottom';
    for (let i = 0; i < 3000; i++) deep = [deep];
    let content = through(new Secret(deep), registryWith(withSecret)).value;
    for (let i = 0; i < 3000; i++) content = (content as unknown[])[0];
    expect(content).toBe('bottom');
  });

  test('the content of one is complete when fromWire runs, even far down', () => {
    const seen: number[] = [];
    const registry = registryWith((target) =>
      target.registerClass(Secret, {
        toWire: (secret) => secret.value,
        fromWire: (plain: { list?: unknown[] }) => {
          seen.push(plain.list?.length ?? -1);
          return new Secret(plain);
        },
      }),
    );
    let value: unknown = new Secret({ list: [1, 2, 3] });
    for (let i = 0; i < 500; i++) value = { value };
    through(value, registry);
    expect(seen).toEqual([3]);
  });

  test('only one of the conversions', () => {
    const toOnly = registryWith((registry) =>
      registry.registerClass(Vector, { toWire: ({ x }) => ({ x, y: 9 }) }),
    );
    expect(through(new Vector(1, 2), toOnly)).toEqual(
      Object.assign(Object.create(Vector.prototype), { x: 1, y: 9 }),
    );
    const fromOnly = registryWith((registry) =>
      registry.registerClass(Vector, { fromWire: ({ x, y }: { x: number; y: number }) => new Vector(y, x) }),
    );
    expect(through(new Vector(1, 2), fromOnly)).toEqual(new Vector(2, 1));
  });

  test('one with fromWire that contains itself is refused at the sender, with its path', () => {
    const list: unknown[] = [];
    const secret = new Secret(list);
    list.push({ secret });
    const encode = () => through({ top: secret }, registryWith(withSecret));
    expect(encode).toThrow(SerializationError);
    expect(encode).toThrow('cannot send top: it contains itself');
  });

  test('what a conversion holds is named in the path', () => {
    expect(() => through({ top: new Secret(() => 1) }, registryWith(withSecret))).toThrow('top.toWire()[0]');
  });

  test('unknown at the receiver', () => {
    expect(() => through(new Vector(1, 2), registryWith(withVector), new WireRegistry())).toThrow(
      "the class 'Vector' is not known",
    );
  });

  test('a conversion that throws, or gives no object', () => {
    const throws = registryWith((registry) =>
      registry.registerClass(Vector, {
        fromWire: () => {
          throw new Error('mine');
        },
      }),
    );
    expect(() => through(new Vector(1, 2), throws)).toThrow(SerializationError);
    const nothing = registryWith((registry) =>
      registry.registerClass(Vector, { fromWire: () => undefined as never }),
    );
    expect(() => through(new Vector(1, 2), nothing)).toThrow('must return an object');
  });

  test('a fromWire that decodes another message with the same decoder', () => {
    const registry = new WireRegistry();
    const decoder = new Decoder({ registry });
    const encoder = new Encoder({ registry });
    encoder.encode(['inner']);
    const inner = encoder.bytes.slice(encoder.start, encoder.end);
    registry.registerClass(Vector, { fromWire: () => decoder.decode(inner, 0, inner.length) as never });
    encoder.encode({ a: [1], v: new Vector(1, 2), b: [2] });
    expect(decoder.decode(encoder.bytes, encoder.start, encoder.end)).toEqual({
      a: [1],
      v: ['inner'],
      b: [2],
    });
  });
});

describe('registering', () => {
  const registry = registryWith(withVector);
  const refused: [string, () => void, string][] = [
    ['what is no class', () => registry.registerClass({} as never), 'ERR_INVALID_ARG_TYPE'],
    ['an arrow function', () => registry.registerClass((() => 1) as never), 'ERR_INVALID_ARG_TYPE'],
    ['a class without a name', () => registry.registerClass(class {}), 'ERR_INVALID_ARG_TYPE'],
    ['Object', () => registry.registerClass(Object), 'ERR_INVALID_ARG_TYPE'],
    ['an error class', () => registry.registerClass(class E extends Error {}), 'ERR_INVALID_ARG_TYPE'],
    [
      'a class with the state of a builtin',
      () => registry.registerClass(class M extends Map {}),
      'ERR_INVALID_ARG_TYPE',
    ],
    [
      'a conversion that is none',
      () => registry.registerClass(class C {}, { toWire: 5 as never }),
      'ERR_INVALID_ARG_TYPE',
    ],
    [
      'another class of a known name',
      () => registry.registerClass(class V {}, { name: 'Vector' }),
      'ERR_FORKYARD_ALREADY_REGISTERED',
    ],
    ['a class as error class', () => registry.registerErrorClass(Vector as never), 'ERR_INVALID_ARG_TYPE'],
  ];
  test.each(refused)('refuses %s', (_, register, code) => {
    expect(register).toThrow(expect.objectContaining({ code }));
  });

  test('the same class twice is no error', () => {
    expect(() => registry.registerClass(Vector)).not.toThrow();
  });

  test('a class that extends a builtin, with both conversions', () => {
    class Bag extends Set<number> {}
    const own = registryWith((target) =>
      target.registerClass(Bag, { toWire: (bag) => [...bag], fromWire: (items: number[]) => new Bag(items) }),
    );
    const copy = through(new Bag([1, 2]), own);
    expect(copy).toBeInstanceOf(Bag);
    expect([...copy]).toEqual([1, 2]);
  });
});

describe('extensions', () => {
  class Handle {
    constructor(readonly offset: number) {}
  }
  const handles = {
    tag: 'handle',
    matches: (value: object) => value instanceof Handle,
    encode: (handle: Handle) => ({ offset: handle.offset, bytes: new Uint8Array([1]) }),
    decode: (plain: unknown) => new Handle((plain as Handle).offset + 1),
  };
  const functions = {
    tag: 'function',
    matches: (value: object) => typeof value === 'function' && 'where' in value,
    encode: (value: { where: string }) => value.where,
    decode: (plain: unknown) => Object.assign(() => plain, { where: plain }),
  };

  test('objects and functions travel by their tag, one object once', () => {
    const registry = registryWith((target) => {
      target.registerExtension(handles);
      target.registerExtension(functions);
    });
    const handle = new Handle(7);
    const [first, second, run] = through(
      [handle, handle, Object.assign(() => 0, { where: 'there' })] as const,
      registry,
    );
    expect(first).toBeInstanceOf(Handle);
    expect(first.offset).toBe(8);
    expect(second).toBe(first);
    expect(run()).toBe('there');
  });

  test('a typed array of a class of its own, before it counts as a typed array', () => {
    class SharedNumbers extends Int32Array {}
    const registry = registryWith((target) =>
      target.registerExtension({
        tag: 'shared',
        matches: (value: object) => value instanceof SharedNumbers,
        encode: () => 'a place',
        decode: (place: unknown) => ({ place }),
      }),
    );
    expect(through<unknown>([new SharedNumbers(3), new Int32Array(2)], registry)).toEqual([
      { place: 'a place' },
      new Int32Array(2),
    ]);
  });

  test('a Proxy that an extension claims', () => {
    const remote = new Proxy(() => 1, {});
    const registry = registryWith((target) =>
      target.registerExtension({
        tag: 'remote',
        matches: (value) => value === remote,
        encode: () => 5,
        decode: (id) => ({ id }),
      }),
    );
    expect(through<unknown>({ remote }, registry)).toEqual({ remote: { id: 5 } });
  });

  test('not accepted by a receiver that does not know the tag, such as a peer outside of the family', () => {
    const registry = registryWith((target) => target.registerExtension(handles));
    expect(() => through(new Handle(1), registry, new WireRegistry())).toThrow(SerializationError);
    expect(() => registry.registerExtension({ ...handles })).toThrow(
      expect.objectContaining({ code: 'ERR_FORKYARD_ALREADY_REGISTERED' }),
    );
  });
});
