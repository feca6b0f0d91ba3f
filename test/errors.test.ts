// The error classes: names, codes, fields and what their messages say of an argument.
import { describe, expect, test } from 'vitest';
import * as errors from '../lib/errors.js';

type ErrorClass = (new (
  message: string,
  details?: object,
) => errors.ForkyardError) & { readonly defaultCode: string };
const classes = Object.entries(errors.forkyardErrorClasses) as unknown as [string, ErrorClass][];

describe('every class', () => {
  test.each(classes)('%s has its name, a code of its own, the brand and a cause', (name, Class) => {
    const cause = new Error('why');
    const error = new Class('told', { cause });
    expect(error).toBeInstanceOf(errors.ForkyardError);
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.message, error.cause]).toEqual([name, 'told', cause]);
    expect(error.stack).toMatch(new RegExp(`^${name}: told\\n`));
    expect(error.code).toMatch(/^ERR_FORKYARD(_[A-Z]+)*$/);
    expect(Reflect.get(error, Symbol.for('forkyard.error'))).toBe(true);
    expect(Object.hasOwn(new Class('told'), 'cause')).toBe(false);
    expect(new Class('told', { code: 'ERR_FORKYARD_SPECIAL' }).code).toBe('ERR_FORKYARD_SPECIAL');
  });

  test('no two have the same default code', () => {
    const codes = classes.map(([, Class]) => Class.defaultCode);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('the table has all that the module exports', () => {
    const exported = Object.values(errors).filter(
      (value) => typeof value === 'function' && value.prototype instanceof Error,
    );
    expect(classes.map(([, Class]) => Class)).toEqual(expect.arrayContaining(exported));
    expect(classes.length).toBe(exported.length);
  });
});

describe('fields', () => {
  test('are what was given, and null for what is not known', () => {
    const lost = new errors.WorkerLostError('m', {
      pid: 7,
      exitCode: -9,
      signal: 'SIGKILL',
      task: 'a.js#run',
    });
    expect({ ...lost }).toEqual({
      code: 'ERR_FORKYARD_WORKER_LOST',
      pid: 7,
      exitCode: -9,
      signal: 'SIGKILL',
      task: 'a.js#run',
      item: null,
    });
    expect({ ...new errors.WorkerLostError('m') }).toMatchObject({
      pid: null,
      exitCode: null,
      signal: null,
      task: null,
    });
    expect({ ...new errors.ResourceError('m', { errno: 12, syscall: 'mmap' }) }).toMatchObject({
      errno: 12,
      syscall: 'mmap',
    });
    expect(new errors.SerializationError('m', { path: 'args[0]' }).path).toBe('args[0]');
    expect(new errors.TaskTimeoutError('m', { timeout: 5, task: 't' })).toMatchObject({
      timeout: 5,
      task: 't',
    });
    expect(new errors.BufferTooShort('m', { bytes: new Uint8Array(3) }).bytes).toHaveLength(3);
  });

  test('hierarchy: what a general handler catches', () => {
    expect(new errors.TaskTimeoutError('m')).toBeInstanceOf(errors.TimeoutError);
    expect(new errors.WorkerLostError('m')).toBeInstanceOf(errors.ProcessError);
  });
});

test('isForkyardError knows those of another copy of the package, and nothing else', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('forkyard.error')]: true });
  expect([new errors.QueueFull('m'), foreign].map(errors.isForkyardError)).toEqual([true, true]);
  expect([new Error('x'), null, undefined, 5, 'x', {}].map(errors.isForkyardError)).toEqual(
    new Array(6).fill(false),
  );
});

describe('argument errors', () => {
  test('name the method, the argument, what is expected and what came', () => {
    const type = errors.argumentTypeError('new Pool', 'processes', 'a number', 'four');
    expect([type.name, Reflect.get(type, 'code')]).toEqual(['TypeError', 'ERR_INVALID_ARG_TYPE']);
    expect(type.message).toBe(`new Pool: 'processes' must be a number, received the string "four"`);
    const range = errors.argumentRangeError('Pool.map', 'chunkSize', 'at least 1', 0);
    expect([range.name, Reflect.get(range, 'code')]).toEqual(['RangeError', 'ERR_OUT_OF_RANGE']);
    expect(range.message).toBe("Pool.map: 'chunkSize' must be at least 1, received 0");
  });

  const received: [unknown, string][] = [
    [undefined, 'undefined'],
    [null, 'null'],
    [-0, '-0'],
    [NaN, 'NaN'],
    [true, 'true'],
    [Symbol('s'), 'Symbol(s)'],
    [12n, '12n'],
    [2n ** 200n, 'a large BigInt'],
    [[1, 2], 'an array of 2'],
    [{}, 'an instance of Object'],
    [Object.create(null), 'an object'],
    [new Map(), 'an instance of Map'],
    [() => 1, 'a function'],
    [Math.max, 'the function max'],
    ['x'.repeat(1000), `the string "${'x'.repeat(60)}..."`],
  ];
  test.each(received)('%o', (value, description) => {
    expect(errors.describeReceived(value)).toBe(description);
  });

  test('what cannot even be looked at', () => {
    const fail = () => {
      throw new Error('trap');
    };
    expect(errors.describeReceived(new Proxy({}, { get: fail }))).toBe('an object');
    expect(errors.describeReceived(new Proxy(() => 1, { get: fail }))).toBe('a function');
  });
});
