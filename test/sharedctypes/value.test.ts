// Value and RawValue: what each type takes and refuses, atomics, and one memory with one lock for all processes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Lock, Pool, RawValue, RLock, type StartMethodName, Value } from '../../lib/index.js';
import { rejection, thrown } from '../conformance/caught.js';
import { values } from '../fixtures/sharedctypes/values.mjs';
import { until } from '../helpers/until.js';

const two = 2n;

/** Code, name, least, most. */
const integers: readonly [string, string, number | bigint, number | bigint][] = [
  ['b', 'int8', -128, 127],
  ['B', 'uint8', 0, 255],
  ['h', 'int16', -(2 ** 15), 2 ** 15 - 1],
  ['H', 'uint16', 0, 2 ** 16 - 1],
  ['i', 'int32', -(2 ** 31), 2 ** 31 - 1],
  ['I', 'uint32', 0, 2 ** 32 - 1],
  ['l', 'int64', -(two ** 63n), two ** 63n - 1n],
  ['L', 'uint64', 0n, two ** 64n - 1n],
  ['q', 'int64', -(two ** 63n), two ** 63n - 1n],
  ['Q', 'uint64', 0n, two ** 64n - 1n],
];

/** The classes are known by a code alone here. */
type AnyValue = Omit<Value<'i'>, 'value'> & { value: unknown };
const makeValue = (type: string, initial?: unknown) =>
  new Value(type as 'i', initial as number) as unknown as AnyValue;

describe.each(integers)("an integer of type '%s'", (code, name, least, most) => {
  const isBig = typeof least === 'bigint';
  const one = (isBig ? 1n : 1) as number;
  const zero = (isBig ? 0n : 0) as number;
  const [min, max] = [least, most] as [number, number];

  test('is zero at first, and holds the ends of its range', () => {
    for (const type of [code, name]) expect(makeValue(type).value).toBe(zero);
    for (const end of [least, most]) {
      expect(makeValue(code, end).value).toBe(end);
      const value = makeValue(code);
      value.value = end;
      expect(value.value).toBe(end);
    }
  });

  test('takes nothing beyond them, and nothing of another kind', () => {
    const value = makeValue(code, one);
    for (const beyond of [
      min - one,
      max + one,
      ...(isBig ? [two ** 70n] : [1.5, Number.NaN, Infinity, 2 ** 60]),
    ]) {
      expect(thrown(() => makeValue(code, beyond))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
      expect(
        thrown(() => {
          value.value = beyond as number;
        }),
      ).toMatchObject({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    }
    for (const other of ['1', null, {}, isBig ? 1 : 1n]) {
      const error = thrown(() => {
        value.value = other as number;
      });
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
      expect(error.message).toContain(name);
    }
    expect(value.value).toBe(one);
  });

  test('has atomics, which give the old value and leave the range alone', () => {
    const value = makeValue(code, max);
    expect(value.sub(one)).toBe(max);
    expect(value.add(one)).toBe(max - one);
    for (const leave of [() => value.add(one), () => value.sub(min - one), () => value.add(max)]) {
      expect(thrown(leave)).toMatchObject({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    }
    expect(value.value).toBe(max);
    value.value = min;
    expect(thrown(() => value.sub(one))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    // Down by a negative step, up by one: the step need not be of the type.
    expect(value.sub(-one as number)).toBe(min);
    expect(value.add(-one as number)).toBe(min + one);
    expect(value.value).toBe(min);
    const [six, three] = (isBig ? [6n, 3n] : [6, 3]) as [number, number];
    expect(value.exchange(six)).toBe(min);
    expect(value.and(three)).toBe(six);
    expect(value.or(one)).toBe(six & three);
    expect(value.xor(one)).toBe((six & three) | one);
    expect(value.compareExchange(one, six)).toBe(six & three);
    expect(value.compareExchange(six & three, six)).toBe(six & three);
    expect(value.value).toBe(six);
    for (const wrong of [isBig ? 1 : 1n, '1', undefined]) {
      for (const method of ['add', 'sub', 'and', 'or', 'xor', 'exchange', 'compareExchange'] as const) {
        expect(thrown(() => value[method](wrong as number, one))).toMatchObject({
          code: 'ERR_INVALID_ARG_TYPE',
        });
      }
    }
    expect(thrown(() => value.exchange(max + one))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(value.value).toBe(six);
  });
});

test('floating numbers keep NaN, Infinity and -0, and have no atomics', () => {
  for (const type of ['f', 'd', 'float32', 'float64'] as const) {
    for (const number of [Number.NaN, Infinity, -Infinity, -0, 0.5]) {
      const value = new Value(type, number);
      expect(value.value).toBe(number);
      value.value = number;
      expect(Object.is(value.value, number)).toBe(true);
    }
    expect(thrown(() => new Value(type, 1n as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    const error = thrown(() => (new Value(type) as unknown as Value<'i'>).add(1));
    expect(error).toMatchObject({ code: 'ERR_FORKYARD_NOT_ATOMIC' });
    expect(error.message).toContain('runSync');
  }
  expect(new Value('d', 1e300).value).toBe(1e300);
  expect(new Value('f', 3.4e38).value).toBe(Math.fround(3.4e38));
  for (const number of [1e39, -1e39]) {
    expect(thrown(() => new Value('f', number))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  }
});

test('a character is a byte', () => {
  const value = new Value('c');
  expect(value.value).toBe('\0');
  for (const code of [0, 65, 255]) {
    value.value = String.fromCharCode(code);
    expect(value.value.charCodeAt(0)).toBe(code);
    value.value = Buffer.from([code]);
    expect(value.value.charCodeAt(0)).toBe(code);
  }
  for (const wrong of ['', 'ab', '€', Buffer.from('ab')]) {
    expect(thrown(() => new Value('c', wrong))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  }
  expect(thrown(() => new Value('c', 65 as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(thrown(() => (value as never as Value<'i'>).xor(1))).toMatchObject({
    code: 'ERR_FORKYARD_NOT_ATOMIC',
  });
});

test('the lock is one of its own, a given one, or none', () => {
  const value = new Value('i', 3);
  expect(value.getLock()).toBeInstanceOf(RLock);
  expect(value.getLock()).toBe(value.getLock());
  expect(new Value('i', 0, { lock: true }).getLock()).toBeInstanceOf(RLock);
  const lock = new Lock();
  expect(new Value('d', 0, { lock }).getLock()).toBe(lock);
  const raw = new Value('i', 3, { lock: false });
  for (const without of [raw, value.getObj(), new RawValue('i', 3)]) {
    expect(without).toBeInstanceOf(RawValue);
    expect(without).not.toBeInstanceOf(Value);
    expect('getLock' in without).toBe(false);
    expect(without.add(1)).toBe(3);
  }
  expect(value.value).toBe(4);
  expect(value).toBeInstanceOf(Value);
  expect(value).toBeInstanceOf(RawValue);
});

test('acquire and its like are those of the lock', async () => {
  const value = new Value('i');
  const guard = await value.acquire();
  expect(value.getLock().locked).toBe(true);
  value.acquireSync().release();
  value.tryAcquire()?.release();
  guard.release();
  expect(value.getLock().locked).toBe(false);
  expect(await value.run(async () => value.value + 1)).toBe(1);
  expect(value.runSync(() => value.value + 2)).toBe(2);
  value.acquireSync();
  value.release();
  expect(thrown(() => value.release())).toMatchObject({ code: 'ERR_FORKYARD_NOT_HELD' });
});

test.each([
  ['flaot64', 0, undefined, "perhaps 'float64'"],
  ['x', 0, undefined, 'one of b, B'],
  [undefined, 0, undefined, "'type'"],
  ['i', 0, { lock: {} }, "'lock'"],
  ['i', 0, { lock: 'yes' }, "'lock'"],
  ['i', 0, { lcok: false }, "spelt 'lock'"],
  ['i', 0, false, "'options'"],
  ['i', [1], undefined, "'initial'"],
])('new Value(%o, %o, %o) is refused', (type, initial, options, says) => {
  const error = thrown(() => new Value(type as 'i', initial as number, options as never));
  expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(error.message).toContain(says);
});

test('values lie apart: what is written to one is in no other', () => {
  const all = Array.from({ length: 500 }, (_, n) => new Value('Q', BigInt(n)));
  for (const value of all) value.value = value.value + (1n << 60n);
  expect(all.every(({ value }, n) => value === BigInt(n) + (1n << 60n))).toBe(true);
});

describe.each(['forkserver', 'spawn'] satisfies StartMethodName[])(
  'between processes (%s)',
  (startMethod) => {
    let pool: Pool;
    beforeAll(() => {
      pool = new Pool({ processes: 2, startMethod });
    });
    afterAll(() => pool[Symbol.asyncDispose]());

    test.each([
      ['i', 5, -7],
      ['h', 5, -7],
      ['q', 5n, -7n],
      ['Q', 5n, 2n ** 64n - 1n],
      ['d', 0.5, -0],
      ['f', 0.5, Infinity],
      ['c', 'a', 'ÿ'],
    ])("a value of type '%s' set by a worker is seen here, and the reverse", async (type, first, second) => {
      const value = makeValue(type, first);
      expect(await pool.apply(values.get, [value])).toBe(first);
      await pool.apply(values.set, [value, second]);
      expect(value.value).toBe(second);
      const raw = value.getObj() as unknown as AnyValue;
      await pool.apply(values.set, [raw, first]);
      expect([value.value, raw.value]).toEqual([first, first]);
      const made = (await pool.apply(values.make, [type, second])) as AnyValue;
      expect(made.value).toBe(second);
      expect(await pool.apply(values.kindOf, [made])).toEqual(['Value', true, true, false]);
      expect(await pool.apply(values.kindOf, [raw])).toEqual(['RawValue', false, true, false]);
    });

    test.each(['H', 'i', 'I', 'q', 'Q'])(
      "additions to one of type '%s' by two at once lose nothing",
      async (type) => {
        const value = makeValue(type);
        const isBig = typeof value.value === 'bigint';
        const times = type === 'H' ? 30_000 : 100_000;
        await Promise.all([1, 2].map(() => pool.apply(values.add, [value, isBig ? 1n : 1, times])));
        expect(Number(value.value)).toBe(2 * times);
        await Promise.all(
          [1n, 2n].map((bit) =>
            pool.apply(values.flip, [value, isBig ? bit << 14n : Number(bit << 14n), 999]),
          ),
        );
        expect(Number(value.value) ^ (2 * times)).toBe(3 << 14);
      },
    );

    test('what is done under its lock excludes others', async () => {
      const value = new Value('d');
      await Promise.all([1, 2].map(() => pool.apply(values.countUnderLock, [value, 5000])));
      expect(value.value).toBe(10_000);
    });

    test.each([
      ['q', [-1n, 2n ** 62n]],
      ['Q', [0n, 2n ** 64n - 1n]],
      ['d', [-1.1e-300, 1.7e308]],
    ])("a value of type '%s' is never half written", async (type, both) => {
      const value = makeValue(type, both[0]);
      const stop = new Value('b');
      const writing = pool.apply(values.alternate, [value, both, stop]);
      const seen = new Set<unknown>();
      await until(() => value.value === both[1]);
      for (let n = 0; n < 1_000_000; n++) seen.add(value.value);
      stop.value = 1;
      await writing;
      expect([...seen].filter((one) => !both.includes(one as never))).toEqual([]);
    });

    test.each([
      ['i', 3],
      ['q', 3n],
      ['d', 3],
      ['f', 3],
      ['c', 'x'],
    ])("a loop that only looks at one of type '%s' sees that it changes", async (type, wanted) => {
      const value = makeValue(type);
      const begun = pool.apply(values.awaitValue, [value, wanted]);
      // The loop has long been compiled when it changes.
      await new Promise((resolve) => setTimeout(resolve, 100));
      value.value = wanted;
      expect(await begun).toBe(true);
    });

    test('its lock is the same one everywhere, made before the value was sent or after', async () => {
      const [early, late] = [new Value('i'), new Value('i')];
      const lock = early.getLock();
      for (const value of [early, late]) {
        expect(await pool.apply(values.isLocked, [value])).toBe(false);
        await value.run(async () => expect(await pool.apply(values.isLocked, [value])).toBe(true));
        expect(await pool.apply(values.isLockOf, [value.getLock(), value])).toBe(true);
      }
      expect(await pool.apply(values.isLockOf, [lock, early])).toBe(true);
      // Sent by two tasks, received twice.
      const again = await pool.map(values.sameAgain, [late, late]);
      expect(again.map((value: Value<'i'>) => value.getLock() === late.getLock())).toEqual([true, true]);
      await using single = new Pool({ processes: 1, startMethod });
      await single.map(values.keepAll, [early, early, early, early], { chunkSize: 1 });
      expect(await single.apply(values.useKept, ['value'])).toBe(0);
      expect(early.value).toBe(1);
      const shared = new Lock();
      const [a, b] = [new Value('i', 0, { lock: shared }), new Value('d', 0, { lock: shared })];
      expect(await pool.apply(values.haveSameLock, [{ a, deep: [b] }])).toBe(true);
    });

    test('an owner of the lock that is killed gives it to the next, who is told', async () => {
      const value = new Value('i');
      expect((await rejection(pool.apply(values.holdAndDie, [value]))).name).toBe('WorkerLostError');
      const guard = await value.acquire({ timeout: 20_000 });
      expect([guard.ownerDied, value.value]).toEqual([true, 7]);
      guard.release();
      expect(value.runSync(({ ownerDied }) => ownerDied)).toBe(false);
    });
  },
);
