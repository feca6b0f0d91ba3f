// ArrayBuffers and views: copied with the message, or kept in slabs beside it.
import { afterEach, describe, expect, test } from 'vitest';
import { SerializationError } from '../../lib/errors.js';
import { Decoder } from '../../lib/serialize/decoder.js';
import { Encoder } from '../../lib/serialize/encoder.js';
import { SharedBlock } from '../../lib/serialize/slabs.js';
import { byteKinds } from '../../lib/serialize/wire-format.js';
import { assertSame, roundTrip } from './support.js';

const constructors = byteKinds
  .filter((name) => !['ArrayBuffer', 'DataView', 'Buffer'].includes(name) && name in globalThis)
  .map((name) => Reflect.get(globalThis, name));

/** Slabs in ordinary memory, which know what was taken and dropped. Those received are longer than what they hold. */
class TestSlabs {
  readonly shared = new Map<number, Uint8Array>();
  readonly dropped: number[] = [];
  order: number[] = [];
  slack = 0;
  failAt = Number.POSITIVE_INFINITY;

  share(bytes: Uint8Array): number {
    if (this.shared.size >= this.failAt) throw new RangeError('no memory left');
    const token = 1000 + this.shared.size * 7;
    this.shared.set(token, bytes.slice());
    return token;
  }

  refer({ buffer }: SharedBlock): number {
    const token = 1000 + this.shared.size * 7;
    this.shared.set(token, new Uint8Array(buffer));
    return token;
  }

  drop(token: number): void {
    this.dropped.push(token);
  }

  takeShared(index: number): SharedBlock {
    return new SharedBlock((this.shared.get(this.order[index]) as Uint8Array<ArrayBuffer>).buffer);
  }

  take(index: number): ArrayBuffer {
    const bytes = this.shared.get(this.order[index]) as Uint8Array;
    const buffer = new ArrayBuffer(bytes.length + this.slack);
    new Uint8Array(buffer).set(bytes);
    return buffer;
  }
}

function throughSlabs(value: unknown, slabs: TestSlabs): unknown {
  const encoder = new Encoder({ slabs, outOfBandBytes: 100 });
  encoder.encode(value);
  slabs.order = [...encoder.tokens];
  return new Decoder({ slabs }).decode(encoder.bytes, encoder.start, encoder.end);
}

describe('in the message', () => {
  test.each(constructors)('%s arrives as such, in memory of its own', (View) => {
    for (const length of [0, 1, 3, 1000]) {
      const value = new View(length);
      const bytes = new Uint8Array(value.buffer);
      for (let i = 0; i < bytes.length; i++) bytes[i] = i * 37;
      const copy = roundTrip(value);
      assertSame(copy, value);
      expect(copy.buffer.byteLength).toBe(value.byteLength);
    }
  });

  test('of a view only what it shows', () => {
    const buffer = new ArrayBuffer(1000);
    const view = new Int16Array(buffer, 10, 3).fill(-5);
    const copies = roundTrip({ view, data: new DataView(buffer, 10, 5) });
    expect([...copies.view]).toEqual([-5, -5, -5]);
    expect(copies.view.buffer.byteLength).toBe(6);
    expect(copies.data.byteLength).toBe(5);
    expect(copies.data.getInt16(0, true)).toBe(-5);
  });

  test('a Buffer arrives as a Buffer, whatever it is a part of', () => {
    const copy = roundTrip({
      small: Buffer.from('caf\u00e9'),
      large: Buffer.alloc(20_000, 'x'),
      none: Buffer.alloc(0),
    });
    expect(Buffer.isBuffer(copy.small) && copy.small.toString()).toBe('caf\u00e9');
    expect(Buffer.isBuffer(copy.large) && copy.large.equals(Buffer.alloc(20_000, 'x'))).toBe(true);
    expect(Buffer.isBuffer(copy.none) && copy.none.length).toBe(0);
  });

  test('a resizable buffer stays resizable; a view of one does not', () => {
    // Not in the types of this language level.
    const buffer: ArrayBuffer = Reflect.construct(ArrayBuffer, [8, { maxByteLength: 64 }]);
    new Uint8Array(buffer).fill(9);
    const copy = roundTrip({ buffer, view: new Uint8Array(buffer) });
    const partOf = (from: ArrayBuffer, key: string): unknown => Reflect.get(from, key);
    expect([partOf(copy.buffer, 'resizable'), partOf(copy.buffer, 'maxByteLength')]).toEqual([true, 64]);
    expect(copy.buffer.byteLength).toBe(8);
    expect([...copy.view]).toEqual([9, 9, 9, 9, 9, 9, 9, 9]);
    expect(partOf(copy.view.buffer, 'resizable')).toBe(false);
  });

  test('a view that is met twice is one view', () => {
    const view = new Uint8Array(4);
    const copy = roundTrip([view, view]);
    expect(copy[0]).toBe(copy[1]);
  });

  test('a subclass arrives as the builtin', () => {
    class Pixels extends Uint8ClampedArray {}
    assertSame(roundTrip(new Pixels([1, 300])), new Uint8ClampedArray([1, 255]));
  });

  test('detached and shared memory is refused', () => {
    const moved = new Uint8Array(8);
    structuredClone(moved.buffer, { transfer: [moved.buffer] });
    for (const value of [
      moved,
      moved.buffer,
      new SharedArrayBuffer(4),
      new Uint8Array(new SharedArrayBuffer(4)),
    ]) {
      expect(() => roundTrip({ a: [value] })).toThrow(SerializationError);
      expect(() => roundTrip({ a: [value] })).toThrow('a[0]');
    }
  });
});

describe('in slabs', () => {
  test('from the limit on, in order; the rest stays in the message', () => {
    const slabs = new TestSlabs();
    const value = {
      small: new Uint8Array(99).fill(1),
      large: new Uint8Array(100).fill(2),
      floats: Float64Array.from({ length: 50 }, (_, i) => i / 3),
      bytes: new ArrayBuffer(200),
      data: new DataView(new ArrayBuffer(150), 20, 120),
      text: Buffer.alloc(300, 'y'),
    };
    const copy = throughSlabs(value, slabs) as typeof value;
    expect(slabs.shared.size).toBe(5);
    expect([...slabs.shared.values()].map((bytes) => bytes.length)).toEqual([100, 400, 200, 120, 300]);
    assertSame({ ...copy, text: null }, { ...value, text: null });
    expect(copy.text.equals(value.text)).toBe(true);
  });

  test('a slab may be longer than what it holds', () => {
    const slabs = new TestSlabs();
    slabs.slack = 56;
    const value = [new ArrayBuffer(200), new Float32Array(100).fill(3), Buffer.alloc(110)];
    const copy = throughSlabs(value, slabs) as typeof value;
    expect(copy.map((part) => part.byteLength)).toEqual([200, 400, 110]);
    assertSame(copy.slice(0, 2), value.slice(0, 2));
  });

  test('a slab that is too short is an error', () => {
    const slabs = new TestSlabs();
    slabs.slack = -1;
    expect(() => throughSlabs(new Uint8Array(200), slabs)).toThrow(SerializationError);
  });

  test('without slabs at the receiver it is an error', () => {
    const encoder = new Encoder({ slabs: new TestSlabs(), outOfBandBytes: 1 });
    encoder.encode(new Uint8Array(10));
    expect(() => new Decoder().decode(encoder.bytes, encoder.start, encoder.end)).toThrow(SerializationError);
  });

  test('a sender that has no slab to give leaves the bytes in the message', () => {
    const slabs = new TestSlabs();
    slabs.share = () => -1;
    assertSame(throughSlabs([new Uint8Array(500).fill(7)], slabs), [new Uint8Array(500).fill(7)]);
  });

  test('all are dropped when the value cannot be encoded after all', () => {
    const slabs = new TestSlabs();
    const encoder = new Encoder({ slabs, outOfBandBytes: 100 });
    expect(() => encoder.encode([new Uint8Array(100), new Uint8Array(200), () => 1])).toThrow(
      SerializationError,
    );
    expect(slabs.dropped).toEqual([...slabs.shared.keys()]);
    expect(encoder.tokens).toEqual([]);
  });

  test('those before are dropped when one cannot be had', () => {
    const slabs = new TestSlabs();
    slabs.failAt = 2;
    const encoder = new Encoder({ slabs, outOfBandBytes: 100 });
    expect(() => encoder.encode([1, 2, 3].map(() => new Uint8Array(100)))).toThrow(SerializationError);
    expect(slabs.dropped).toEqual([...slabs.shared.keys()]);
    slabs.failAt = Number.POSITIVE_INFINITY;
    encoder.encode(new Uint8Array(100));
    expect(encoder.tokens).toHaveLength(1);
  });

  test('one that belongs to an unsendable property of an error is dropped, the others arrive', () => {
    const slabs = new TestSlabs();
    const error = Object.assign(new Error('x'), {
      bad: [new Uint8Array(100), () => 1],
      good: new Uint8Array(100).fill(5),
    });
    const copy = throughSlabs([error, new Uint8Array(150).fill(6)], slabs) as [typeof error, Uint8Array];
    expect(slabs.dropped).toEqual([[...slabs.shared.keys()][0]]);
    expect(copy[0].bad).toMatch('could not be sent');
    assertSame([copy[0].good, copy[1]], [new Uint8Array(100).fill(5), new Uint8Array(150).fill(6)]);
  });
});

describe('the target', () => {
  const encoder = new Encoder();
  afterEach(() => encoder.encode(null));

  test('a value that fits is written there and nowhere else', () => {
    const target = new Uint8Array(64).fill(0xee);
    encoder.encode('hello', target, 10, 20);
    expect([encoder.spilled, encoder.start, encoder.end]).toEqual([false, 10, 16]);
    expect(encoder.bytes).toBe(target);
    expect(target.every((byte, i) => byte === 0xee || (i >= 10 && i < 16))).toBe(true);
  });

  test('for every room, the value fits or is whole in other memory; nothing beyond the room is touched', () => {
    const value = {
      id: 1,
      list: [1, 2, 3.5, 'text', null],
      long: 'z'.repeat(100),
      '\u65e5': new Uint8Array(9),
      n: 3n,
    };
    encoder.encode(value);
    const size = encoder.end - encoder.start;
    const target = new Uint8Array(size + 40);
    for (let room = 0; room <= size + 3; room++) {
      target.fill(0xee);
      encoder.encode(value, target, 20, 20 + room);
      // Room may be asked for with a small margin, never too little.
      if (room < size) expect(encoder.spilled).toBe(true);
      expect(target.every((byte, i) => byte === 0xee || (i >= 20 && i < 20 + room))).toBe(true);
      assertSame(new Decoder().decode(encoder.bytes, encoder.start, encoder.end), value);
    }
  });

  test('a value much larger than the encoder has seen', () => {
    const value = Array.from({ length: 50_000 }, (_, i) => ({ i, text: `number ${i}` }));
    encoder.encode(value, new Uint8Array(100), 0, 100);
    expect(encoder.spilled).toBe(true);
    assertSame(new Decoder().decode(encoder.bytes, encoder.start, encoder.end), value);
  });
});

describe('a shared block', () => {
  test('goes by reference, each time it is met, beside slabs that are copies', () => {
    const block = new SharedBlock(new ArrayBuffer(64));
    const copied = new Uint8Array(200).fill(3);
    const slabs = new TestSlabs();
    const result = throughSlabs({ block, list: [copied, block] }, slabs) as {
      block: SharedBlock;
      list: [Uint8Array, SharedBlock];
    };
    expect(result.block.buffer).toBe(block.buffer);
    expect(result.list[1]).toBe(result.block);
    expect(result.list[0].slice(0, 200)).toEqual(copied);
  });

  test('cannot leave the family', () => {
    const value = { deep: [new SharedBlock(new ArrayBuffer(8))] };
    expect(() => new Encoder().encode(value)).toThrow(/cannot send deep\[0\].*stays inside its family/);
  });

  test('of which there are too many for one message is refused, and those before it are given back', () => {
    const slabs = new TestSlabs();
    const refer = slabs.refer.bind(slabs);
    slabs.refer = (block) => (slabs.shared.size < 2 ? refer(block) : -1);
    const blocks = [1, 2, 3].map(() => new SharedBlock(new ArrayBuffer(8)));
    expect(() => new Encoder({ slabs }).encode(blocks)).toThrow(/too many shared objects/);
    expect(slabs.dropped).toHaveLength(2);
  });
});
