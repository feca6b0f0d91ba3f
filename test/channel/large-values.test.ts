// Large values through the rings and in shared memory, both ways: right, whole, and given back.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Pool, Process } from '../../lib/index.js';
import { data } from '../fixtures/channel/data.mjs';
import { until } from '../helpers/until.js';

const MiB = 2 ** 20;

let pool: Pool;
beforeAll(() => {
  pool = new Pool(2);
});
afterAll(() => pool[Symbol.asyncDispose]());

const kinds = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

describe('typed arrays', () => {
  // Below and beyond what goes out of band (16 KiB), and beyond a ring (128 KiB).
  test.each([0, 1, 100, 16 * 1024 - 8, 16 * 1024, 16 * 1024 + 8, 300_000])(
    'of about %d bytes, of each kind, both ways',
    async (size) => {
      for (const Kind of kinds) {
        const length = Math.floor(size / Kind.BYTES_PER_ELEMENT);
        const array = new Kind(length);
        const bytes = new Uint8Array(array.buffer);
        for (let n = 0; n < bytes.length; n++) bytes[n] = (n * 31 + 7) % 251;
        const back = await pool.apply(data.echo, [array]);
        expect(back).toBeInstanceOf(Kind);
        expect(back.length).toBe(length);
        expect(sameBytes(back, array)).toBe(true);
      }
    },
  );

  test('a part of a larger buffer: that part arrives, and no more', async () => {
    const whole = new Uint8Array(MiB).map((_, n) => n % 256);
    const part = whole.subarray(1001, 1001 + 100_000);
    const back = (await pool.apply(data.echo, [part])) as Uint8Array;
    expect(sameBytes(back, part)).toBe(true);
    expect(back.buffer.byteLength).toBeLessThan(MiB);
    const unaligned = new Float64Array(whole.buffer, 8, 5000);
    expect(sameBytes(await pool.apply(data.echo, [unaligned]), unaligned)).toBe(true);
    const view = new DataView(whole.buffer, 3, 50_000);
    const viewBack = (await pool.apply(data.echo, [view])) as DataView;
    expect(viewBack).toBeInstanceOf(DataView);
    expect(sameBytes(viewBack, view)).toBe(true);
  });

  test('an ArrayBuffer, and a Buffer', async () => {
    const buffer = new Uint8Array(200_000).fill(9).buffer;
    const back = (await pool.apply(data.echo, [buffer])) as ArrayBuffer;
    expect(back).toBeInstanceOf(ArrayBuffer);
    expect(back.byteLength).toBe(200_000);
    expect(sameBytes(new Uint8Array(back), new Uint8Array(buffer))).toBe(true);
    const node = Buffer.alloc(150_000, 'abc');
    const nodeBack = (await pool.apply(data.echo, [node])) as Uint8Array;
    expect(nodeBack).toBeInstanceOf(Uint8Array);
    expect(Buffer.compare(nodeBack, node)).toBe(0);
  });

  test('the same array twice in a message is the same array twice', async () => {
    const array = new Uint8Array(50_000).fill(3);
    const [a, b] = (await pool.apply(data.echo, [[array, array]])) as [Uint8Array, Uint8Array];
    expect(a).toBe(b);
    const views = [array.subarray(0, 20_000), array.subarray(10_000, 40_000)];
    const [c, d] = (await pool.apply(data.echo, [views])) as [Uint8Array, Uint8Array];
    expect([c.length, d.length]).toEqual([20_000, 30_000]);
  });

  test('what was sent stays the sender’s, and what came is the receiver’s', async () => {
    const array = new Uint8Array(MiB).fill(1);
    const pending = pool.apply(data.sum, [array]);
    array.fill(2);
    expect(await pending).toBe(MiB);
    const [one, two] = (await Promise.all([
      pool.apply(data.echo, [array]),
      pool.apply(data.echo, [array]),
    ])) as [Uint8Array, Uint8Array];
    one.fill(7);
    expect(two.every((byte) => byte === 2)).toBe(true);
    expect(array.every((byte) => byte === 2)).toBe(true);
    expect(await pool.apply(data.writeAndSum, [array])).toBe(5 * MiB);
    expect(array[0]).toBe(2);
  });

  test('16 MiB there and back, eight at a time', async () => {
    const arrays = Array.from({ length: 8 }, (_, k) => new Float64Array(2 * MiB).fill(k + 0.5));
    const backs = await Promise.all(arrays.map((array) => pool.apply(data.echo, [array])));
    backs.forEach((back, k) => {
      expect(back).toBeInstanceOf(Float64Array);
      expect(sameBytes(back, arrays[k] as Float64Array)).toBe(true);
    });
  });

  test('200 MiB at once', async () => {
    const array = new Uint8Array(200 * MiB);
    array[0] = 1;
    array[array.length - 1] = 2;
    const back = (await pool.apply(data.echo, [array])) as Uint8Array;
    expect([back.length, back[0], back[back.length - 1]]).toEqual([array.length, 1, 2]);
  });

  test('are of use to their receiver after the sender has ended', async () => {
    const child = new Process({ target: data.make, args: [5 * MiB, 77] });
    child.start();
    const made = (await child.result) as Uint8Array;
    await child.join();
    child.close();
    await pool.apply(data.make, [5 * MiB, 11]);
    expect(made.length).toBe(5 * MiB);
    expect(made.every((byte) => byte === 77)).toBe(true);
  });
});

describe('many parts in one message', () => {
  test.each([100, 3000, 9000])('%d arrays that each go out of band', async (count) => {
    const parts = Array.from({ length: count }, (_, n) => new Uint32Array(4500).fill(n));
    const back = (await pool.apply(data.echo, [parts])) as Uint32Array[];
    expect(back).toHaveLength(count);
    back.forEach((part, n) => {
      if (part.length !== 4500 || part[0] !== n || part[4499] !== n) throw new Error(`part ${n} is wrong`);
    });
  });

  test('as items of a map', async () => {
    const parts = Array.from({ length: 400 }, (_, n) => new Uint8Array(20_000).fill(n % 200));
    const sums = await pool.map(data.sum, parts);
    expect(sums).toEqual(parts.map((_, n) => 20_000 * (n % 200)));
    const back = await pool.map(data.echo, parts, { chunkSize: 50 });
    expect(back.every((part, n) => part.length === 20_000 && part[19_999] === n % 200)).toBe(true);
  });
});

describe('messages larger than a ring', () => {
  test.each([100_000, 131_072, 200_000, 5_000_000])('text of %d characters', async (length) => {
    const latin = 'abcdé'.repeat(length / 5);
    const wide = '\u{1f600}ä'.repeat(length / 3);
    expect(await pool.apply(data.echo, [latin])).toBe(latin);
    expect((await pool.apply(data.echo, [wide])) === wide).toBe(true);
  });

  test('objects without any array in them', async () => {
    const rows = Array.from({ length: 30_000 }, (_, id) => ({
      id,
      name: `row ${id}`,
      tags: ['a', 'b'],
      at: id / 3,
    }));
    expect(await pool.apply(data.echo, [rows])).toEqual(rows);
    expect(await pool.apply(data.makeRows, [30_000])).toEqual(rows);
  });

  test('small and large ones mixed, in order', async () => {
    const sizes = Array.from({ length: 200 }, (_, n) => (n % 7 === 0 ? 400_000 : (n * 37) % 3000));
    const texts = await Promise.all(sizes.map((size, n) => pool.apply(data.makeText, [size, n % 10])));
    texts.forEach((text, n) => {
      expect(text.length).toBe(sizes[n]);
      if (text !== String(n % 10).repeat(sizes[n] as number)) throw new Error(`text ${n} is wrong`);
    });
  });
});

describe('results that nobody takes', () => {
  test('10,000 large ones of a stream wait, and are all there when they are taken', async () => {
    const results = pool.imap(data.makeFilled, numbers(10_000), { bufferSize: 10_000, chunkSize: 1 });
    expect(((await results.next()).value as Uint8Array)[0]).toBe(0);
    await until(() => pool.stats().unsettled === 0, {
      what: () => JSON.stringify(pool.stats()),
      timeoutMs: 55_000,
    });
    let n = 1;
    for await (const part of results) {
      if (part.length !== 20_000 || part[0] !== n % 256 || part[19_999] !== n % 256)
        throw new Error(`${n} is wrong`);
      n++;
    }
    expect(n).toBe(10_000);
  });

  test('10,000 that go through the ring while this loop is blocked', async () => {
    const pending = Array.from({ length: 10_000 }, (_, n) => pool.apply(data.makeText, [10_000, n % 10]));
    // Long enough for the rings to fill; nothing is read meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    const texts = await Promise.all(pending);
    expect(texts.every((text, n) => text.length === 10_000 && text[9999] === String(n % 10))).toBe(true);
  });
});

function* numbers(count: number): Generator<number> {
  for (let n = 0; n < count; n++) yield n;
}

function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
