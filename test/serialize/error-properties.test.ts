// What an error carries: causes, own properties, and what becomes of those that cannot be sent or rebuilt.
// Which class it arrives as is in errors.test.ts.
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../lib/serialize/decoder.js';
import { Encoder } from '../../lib/serialize/encoder.js';
import { WireRegistry } from '../../lib/serialize/registry.js';
import { roundTrip } from './support.js';

describe('what belongs to an error', () => {
  test('a chain of causes, one that ends in itself, and parts shared with the rest of the message', () => {
    const shared = { n: 1 };
    const inner = Object.assign(new Error('inner'), { shared });
    const outer = new Error('outer', { cause: new RangeError('middle', { cause: inner }) });
    Object.assign(inner, { outer });
    const [copy, part] = roundTrip([outer, shared] as const);
    const copiedInner = (copy.cause as Error).cause as typeof inner & { outer: Error };
    expect(copiedInner.outer).toBe(copy);
    expect(copiedInner.shared).toBe(part);
  });

  test('what cannot be sent is described, and all else arrives, shared parts too', () => {
    const shared = { n: 1 };
    const error = Object.assign(new Error('x', { cause: () => 1 }), {
      first: shared,
      socket: { shared, deep: [Symbol('s')] },
      request: new WeakMap(),
      last: [shared, { again: true }],
    });
    Object.defineProperty(error, 'broken', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    const [copy, after] = roundTrip([error, { tail: shared }] as const);
    expect(copy.cause).toMatch(/^\[could not be sent: .*function/);
    expect(copy.socket).toMatch(/^\[could not be sent: .*symbol/);
    expect(copy.request).toMatch(/^\[could not be sent: .*weak/);
    expect(Reflect.get(copy, 'broken')).toMatch(/^\[could not be sent: no\]/);
    expect(copy.last).toEqual([{ n: 1 }, { again: true }]);
    expect(copy.last[0]).toBe(copy.first);
    expect(after.tail).toBe(copy.first);
  });

  test('with more than a handful of objects around what is rolled back', () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ i }));
    const error = Object.assign(new Error('x'), {
      some: many.slice(0, 12),
      bad: [...many, () => 1],
      all: many,
    });
    const copy = roundTrip({ error, many });
    expect(copy.error.bad).toMatch('could not be sent');
    expect(copy.error.all).toBe(copy.many);
    expect(copy.error.some[3]).toBe(copy.many[3]);
    expect(copy.many.map(({ i }) => i)).toEqual(many.map(({ i }) => i));
  });

  test('what cannot be rebuilt is described, and all else arrives', () => {
    class Money {
      constructor(readonly amount: number) {}
    }
    const sender = new WireRegistry();
    sender.registerClass(Money);
    const shared = { n: 1 };
    const error = Object.assign(new Error('x'), {
      shared,
      money: { price: new Money(3), shared },
      list: [shared],
    });
    const encoder = new Encoder({ registry: sender });
    encoder.encode(error);
    const copy = new Decoder({ registry: new WireRegistry() }).decode(
      encoder.bytes,
      encoder.start,
      encoder.end,
    ) as typeof error;
    expect(copy.money).toMatch(/^\[could not be rebuilt: .*'Money'/);
    expect(copy.list[0]).toBe(copy.shared);
    expect([copy.message, copy.shared]).toEqual(['x', { n: 1 }]);
  });

  test('a message, name and stack that are no strings, or cannot be read', () => {
    const odd = new Error('x');
    Object.assign(odd, { message: { toString: () => 'object' }, stack: 5 });
    expect([roundTrip(odd).message, roundTrip(odd).stack]).toEqual(['object', '5']);
    const broken = new Error('x');
    // In this order: V8 makes the text of the first stack, message included, when the property is replaced.
    for (const key of ['stack', 'message']) {
      Object.defineProperty(broken, key, {
        get: () => {
          throw new Error('no');
        },
      });
    }
    expect(roundTrip(broken).message).toBe('[could not be read]');
  });

  test('10,000 causes deep: the error arrives', () => {
    let error = new Error('bottom');
    for (let i = 0; i < 10_000; i++) error = new Error(`level ${i}`, { cause: error });
    const copy = roundTrip(error);
    expect(copy.message).toBe('level 9999');
    expect((copy.cause as Error).message).toBe('level 9998');
  });

  test('deep data as a property arrives whole', () => {
    let deep: unknown = 'bottom';
    for (let i = 0; i < 5000; i++) deep = [deep];
    let copy: unknown = roundTrip(Object.assign(new Error('x'), { deep })).deep;
    let depth = 0;
    for (; Array.isArray(copy); depth++) copy = copy[0];
    expect([copy, depth]).toEqual(['bottom', 5000]);
  });

  test.each([undefined, null, 'text', 7, { plain: true }])('a thrown %o arrives as itself', (value) => {
    expect(roundTrip({ thrown: value })).toEqual({ thrown: value });
  });

  test('decoding leaves Error.stackTraceLimit as it was', () => {
    const limit = Error.stackTraceLimit;
    roundTrip(new Error('x'));
    expect(Error.stackTraceLimit).toBe(limit);
  });
});
