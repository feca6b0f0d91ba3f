// What cannot cross a process border is refused at the sender, with its path and a remedy.
import { execFileSync } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SerializationError } from '../../lib/errors.js';
import { Encoder } from '../../lib/serialize/encoder.js';
import { assertSame, decoded, roundTrip } from './support.js';

const encoderUrl = new URL('../../lib/serialize/encoder.js', import.meta.url).href;

function failureOf(value: unknown, encoder = new Encoder()): SerializationError {
  try {
    encoder.encode(value);
  } catch (error) {
    if (error instanceof SerializationError) return error;
    throw new Error(`not a SerializationError: ${error}`);
  }
  throw new Error('it was encoded');
}

const unsupported: [string, () => unknown][] = [
  ['a function', () => () => 1],
  ['a class', () => class A {}],
  ['a symbol', () => Symbol('s')],
  ['a boxed symbol', () => Object(Symbol('s'))],
  ['a WeakMap', () => new WeakMap()],
  ['a WeakSet', () => new WeakSet()],
  ['a WeakRef', () => new WeakRef({})],
  ['a FinalizationRegistry', () => new FinalizationRegistry(() => {})],
  ['a Promise', () => Promise.resolve(1)],
  ['a subclass of Promise', () => new (class Later extends Promise<void> {})(() => {})],
  ['a Proxy', () => new Proxy({}, {})],
  ['a Proxy of an array', () => new Proxy([], {})],
  ['a Proxy of a function', () => new Proxy(() => 1, {})],
  [
    'a revoked Proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  ],
  ['a generator', () => (function* () {})()],
  ['an array iterator', () => [].values()],
  ['a Map iterator', () => new Map().keys()],
  ['a string iterator', () => ''[Symbol.iterator]()],
  ['a SharedArrayBuffer', () => new SharedArrayBuffer(1)],
  ['an Intl object', () => new Intl.NumberFormat()],
  ['a WebAssembly.Memory', () => new (Reflect.get(globalThis, 'WebAssembly').Memory)({ initial: 1 })],
  ['a Blob', () => new Blob(['x'])],
  ['a KeyObject', () => createSecretKey(Buffer.alloc(8))],
];

describe('refused', () => {
  test.each(unsupported)('%s', (_, make) => {
    const value = make();
    const error = failureOf({ args: ['ok', { user: { 'first name': value } }] });
    expect(error.path).toBe('args[1].user["first name"]');
    expect(error.message).toContain('cannot send args[1].user["first name"]: ');
    expect(error.message).toMatch(/; | is | and send/);
    expect(error.code).toBe('ERR_FORKYARD_SERIALIZATION');
  });

  test('a module (in a process without the test runner, whose modules are objects of its own)', () => {
    const script = `import * as os from 'node:os'; import { Encoder } from ${JSON.stringify(encoderUrl)};
      try { new Encoder().encode({ os }); } catch (error) { process.stdout.write(error.message); }`;
    const said = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      encoding: 'utf8',
    });
    expect(said).toBe('cannot send os: a module cannot be sent; import it where it is needed');
  });
});

describe('the path', () => {
  const bad = () => 1;
  const shared = { inner: [bad] };
  const cyclic: Record<string, unknown> = { name: 'x' };
  cyclic.self = cyclic;
  cyclic.late = { bad };
  const cases: [string, unknown][] = [
    ['', bad],
    ['[2]', [1, 2, bad]],
    ['a.b[3].c', { a: { b: [0, 0, 0, { c: bad }] } }],
    ['["not a name"].x', { 'not a name': { x: bad } }],
    ['first.inner[0]', { first: shared, second: shared }],
    ['late.bad', cyclic],
    ['m.get("key")[0]', { m: new Map([['key', [bad]]]) }],
    [
      'm.keys()[1]',
      {
        m: new Map<unknown, number>([
          [1, 1],
          [bad, 2],
        ]),
      },
    ],
    ['m.values()[0].x', { m: new Map([[{}, { x: bad }]]) }],
    ['s.values()[1]', { s: new Set<unknown>([1, bad]) }],
    ['list.extra', { list: Object.assign([1], { extra: bad }) }],
  ];
  test.each(cases)('%s', (path, value) => {
    expect(failureOf(value).path).toBe(path);
  });

  test('begins with the name that the encoder was given', () => {
    expect(failureOf([{ callback: bad }], new Encoder({ rootName: 'args' })).path).toBe('args[0].callback');
    expect(failureOf(bad, new Encoder({ rootName: 'result' })).path).toBe('result');
  });

  test('of something very deep is shortened', () => {
    let value: unknown = bad;
    for (let i = 0; i < 20_000; i++) value = { a: value };
    const { path } = failureOf(value);
    expect(path).toContain('...');
    expect(path.length).toBeLessThan(60);
  });

  test('is the one that was met first', () => {
    expect(failureOf({ z: [[bad]], a: Symbol('x') }).path).toBe('z[0][0]');
  });
});

describe('code that runs during encoding', () => {
  test('a getter that throws is named, and is the cause', () => {
    const cause = new Error('mine');
    const value = {
      list: [
        1,
        {
          get broken() {
            throw cause;
          },
        },
      ],
    };
    const error = failureOf(value);
    expect(error.path).toBe('list[1].broken');
    expect(error.cause).toBe(cause);
  });

  test('a getter may not use the same encoder, and the encoder survives it', () => {
    const encoder = new Encoder();
    const value = {
      get again() {
        encoder.encode(1);
        return 1;
      },
    };
    expect(failureOf(value, encoder).message).toContain('called by a getter');
    encoder.encode({ fine: true });
    expect(encoder.end).toBeGreaterThan(encoder.start);
  });

  test('a getter may use another encoder', () => {
    const value = {
      before: [1, 2],
      get other() {
        return roundTrip({ x: [3] });
      },
      after: 'y',
    };
    const outer = new Encoder();
    outer.encode(value);
    assertSame(decoded(outer.bytes.slice(outer.start, outer.end)), {
      before: [1, 2],
      other: { x: [3] },
      after: 'y',
    });
  });
});
