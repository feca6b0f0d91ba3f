// An error always gets across: as its class where that is known, else as a RemoteError, with all that belongs to it.
import assert from 'node:assert';
import { readFile } from 'node:fs/promises';
import { types } from 'node:util';
import { describe, expect, test } from 'vitest';
import * as errors from '../../lib/errors.js';
import { Decoder } from '../../lib/serialize/decoder.js';
import { Encoder } from '../../lib/serialize/encoder.js';
import { WireRegistry } from '../../lib/serialize/registry.js';
import { markRemote } from '../../lib/serialize/remote-stack.js';
import { roundTrip } from './support.js';

const builtins = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

describe('a known class', () => {
  test.each(builtins)('%o arrives as such', (Class) => {
    const error = Object.assign(new Class('told', { cause: 'why' }), { code: 'E_X', detail: { n: [1, 2] } });
    const copy = roundTrip(error);
    expect(Object.getPrototypeOf(copy)).toBe(Class.prototype);
    expect(types.isNativeError(copy)).toBe(true);
    expect(Object.prototype.toString.call(copy)).toBe('[object Error]');
    expect([copy.name, copy.message, copy.stack, copy.cause]).toEqual([
      Class.name,
      'told',
      error.stack,
      'why',
    ]);
    expect(Object.keys(copy)).toEqual(['code', 'detail']);
    expect([copy.code, copy.detail]).toEqual(['E_X', { n: [1, 2] }]);
  });

  test('an error without message, and one whose name was changed', () => {
    expect(Object.hasOwn(roundTrip(new Error()), 'message')).toBe(false);
    const named = new Error('x');
    Object.defineProperty(named, 'name', { value: 'Special', configurable: true });
    const copy = roundTrip(named);
    expect([copy.name, Object.keys(copy)]).toEqual(['Special', []]);
    expect(roundTrip(Object.assign(new TypeError('x'), { name: 'Own' })).name).toBe('Own');
  });

  test('AggregateError with its errors', () => {
    const copy = roundTrip(new AggregateError([new TypeError('a'), 'b'], 'both'));
    expect(copy).toBeInstanceOf(AggregateError);
    expect(copy.errors[0]).toBeInstanceOf(TypeError);
    expect([copy.message, copy.errors[1], Object.keys(copy)]).toEqual(['both', 'b', []]);
  });

  test('DOMException with its name and code', () => {
    const copy = roundTrip(AbortSignal.abort().reason as DOMException);
    expect(copy).toBeInstanceOf(DOMException);
    expect([copy.name, copy.code, copy.message]).toEqual(['AbortError', 20, 'This operation was aborted']);
  });

  test('errors of Node: of a system call, of an argument, of an assertion', async () => {
    const missing = await readFile('/does/not/exist').catch((error) => error);
    const copy = roundTrip(missing);
    expect(Object.getPrototypeOf(copy)).toBe(Error.prototype);
    expect({ ...copy }).toEqual({ ...missing });
    const argument = roundTrip(thrownBy(() => Buffer.from(5 as never)));
    expect([argument.constructor, Reflect.get(argument, 'code')]).toEqual([
      TypeError,
      'ERR_INVALID_ARG_TYPE',
    ]);
    const assertion = roundTrip(thrownBy(() => assert.equal(1, 2)));
    expect(assertion).toBeInstanceOf(assert.AssertionError);
    expect([Reflect.get(assertion, 'actual'), Reflect.get(assertion, 'expected')]).toEqual([1, 2]);
  });

  test('an error of WebAssembly, and one of another realm', async () => {
    const { CompileError } = Reflect.get(globalThis, 'WebAssembly');
    expect(roundTrip(new CompileError('w'))).toBeInstanceOf(CompileError);
    const { runInNewContext } = await import('node:vm');
    const copy = roundTrip(runInNewContext('new RangeError("far")'));
    expect([Object.getPrototypeOf(copy), copy.message]).toEqual([RangeError.prototype, 'far']);
  });

  test.each(Object.entries(errors.forkyardErrorClasses))('%s of this package', (name, Class) => {
    const make = Class as unknown as new (message: string, details: object) => errors.ForkyardError;
    const error = new make('m', {
      pid: 5,
      exitCode: -9,
      signal: 'SIGKILL',
      task: 't',
      errno: 2,
      path: 'a.b',
      className: 'X',
    });
    const copy = roundTrip(error);
    expect(Object.getPrototypeOf(copy)).toBe(Class.prototype);
    expect([copy.name, copy.stack, { ...copy }]).toEqual([name, error.stack, { ...error }]);
    expect(errors.isForkyardError(copy)).toBe(true);
  });
});

describe('a class of a user', () => {
  class PaymentError extends TypeError {
    static made = 0;
    constructor(readonly amount: number) {
      super(`paid ${amount}`);
      PaymentError.made++;
    }
    get doubled(): number {
      return this.amount * 2;
    }
  }

  test('registered: arrives as such, and no constructor runs', () => {
    const registry = new WireRegistry();
    registry.registerErrorClass(PaymentError);
    const encoder = new Encoder({ registry });
    encoder.encode(new PaymentError(7));
    const { made } = PaymentError;
    const copy = new Decoder({ registry }).decode(encoder.bytes, encoder.start, encoder.end) as PaymentError;
    expect(PaymentError.made).toBe(made);
    expect(copy).toBeInstanceOf(PaymentError);
    expect(types.isNativeError(copy)).toBe(true);
    expect([copy.amount, copy.doubled, copy.message, Object.keys(copy)]).toEqual([
      7,
      14,
      'paid 7',
      ['amount'],
    ]);
  });

  test('not registered: a RemoteError with class name, message, stack, properties and cause', () => {
    const error = Object.assign(new PaymentError(7), { code: 'E_PAY', cause: new PaymentError(8) });
    const copy = roundTrip<Error>(error) as errors.RemoteError & PaymentError;
    expect(copy).toBeInstanceOf(errors.RemoteError);
    expect([copy.name, copy.className, copy.message]).toEqual(['RemoteError', 'PaymentError', 'paid 7']);
    expect([copy.stack, copy.code, copy.amount]).toEqual([error.stack, 'E_PAY', 7]);
    expect((copy.cause as errors.RemoteError).message).toBe('paid 8');
  });

  test('of the same name as one of ours or of the language is not taken for it', () => {
    const Ours = class TimeoutError extends Error {};
    const copy = roundTrip<Error>(new Ours('x'));
    expect([copy.constructor, Reflect.get(copy, 'className')]).toEqual([errors.RemoteError, 'TimeoutError']);
    const named = { RangeError: class extends Error {} };
    const Builtin = named.RangeError;
    expect(roundTrip<Error>(new Builtin('x')).constructor).toBe(errors.RemoteError);
  });

  test('without code: the RemoteError has its own; relayed once more it stays what it is', () => {
    const copy = roundTrip(roundTrip<Error>(new PaymentError(1))) as errors.RemoteError;
    expect(copy).toBeInstanceOf(errors.RemoteError);
    expect([copy.code, copy.className]).toEqual(['ERR_FORKYARD_REMOTE', 'PaymentError']);
  });

  test('made in the old way, without a class', () => {
    function Old(this: Error, message: string) {
      this.message = message;
    }
    Old.prototype = Object.create(Error.prototype, { constructor: { value: Old } });
    const copy = roundTrip<Error>(Reflect.construct(Old, ['old']));
    expect([copy instanceof errors.RemoteError, Reflect.get(copy, 'className'), copy.message]).toEqual([
      true,
      'Old',
      'old',
    ]);
  });
});

describe('markRemote', () => {
  const place = { name: 'pool-1', pid: 77 };

  test('adds the place to the stack that is sent, and leaves the error as it is', () => {
    const error = roundTrip(new Error('x'));
    const { stack } = error;
    for (let time = 0; time < 2; time++) {
      markRemote(error, place);
      expect(roundTrip(error).stack).toBe(`${stack}\n    in worker pool-1 (pid 77)`);
      expect(error.stack).toBe(stack);
    }
    expect(roundTrip(error).stack).toBe(stack);
  });

  test('adds it to no other error of the message', () => {
    const cause = roundTrip(new Error('why'));
    const error = new Error('x', { cause });
    markRemote(error, place);
    const copy = roundTrip({ before: new Error('y'), error });
    expect(copy.before.stack).not.toContain('pool-1');
    expect(copy.error.stack).toContain('\n    in worker pool-1 (pid 77)');
    expect((copy.error.cause as Error).stack).toBe(cause.stack);
  });

  test('takes anything that can be thrown', () => {
    for (const thrown of ['text', 0, null, undefined]) {
      markRemote(thrown, place);
      expect(roundTrip(thrown)).toBe(thrown);
    }
    const frozen = Object.freeze(new Error('x'));
    markRemote(frozen, place);
    expect(roundTrip<Error>(frozen).stack).toMatch(/errors\.test\.ts.*in worker pool-1/s);
  });

  test('leaves out the frames of the loop that called the task, and no others', () => {
    const error = new Error('x');
    const own = new URL('../../lib/pool/worker-loop.js', import.meta.url).href;
    const inUserCode = `Error: x\n    at f (${own}:1:1)\n    at task (file:///user/tasks.js:2:3)`;
    error.stack = `${inUserCode}\n    at run (${own}:5:5)\n    at process.processImmediate (node:internal/timers:1:1)`;
    markRemote(error, place);
    expect(roundTrip(error).stack).toBe(`${inUserCode}\n    in worker pool-1 (pid 77)`);
  });
});
