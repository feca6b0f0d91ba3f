// ShareableList: CPython's layout byte for byte, every kind of item in both directions, and damage that is told.
import { describe, expect, test } from 'vitest';
import { ForkyardError, Pool, ShareableList, type ShareableValue, SharedMemory } from '../../lib/index.js';
import { expectClear, thrown } from '../conformance/caught.js';
import { tasks } from '../fixtures/sharedmemory/tasks.mjs';
import { expectShmAsBefore } from '../helpers/shm-left.js';
import { shmEntries } from '../helpers/system-state.js';
import { hasPython, runPython } from '../native-binding/python.js';
import { unlinked } from './support.js';

const bytes = (...values: number[]) => Uint8Array.from(values);
const all: readonly ShareableValue[] = [
  0,
  -5,
  2 ** 53 - 1,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2.5,
  -0,
  1e300,
  Infinity,
  true,
  false,
  null,
  '',
  'Größe 長さ 🙂',
  'seven b',
  'exactly8',
  bytes(),
  bytes(0, 0, 1, 255),
];

describe('a list', () => {
  test('keeps what it is given, of every kind', () => {
    using list = unlinked(new ShareableList(all));
    expect([...list]).toEqual(all);
    expect(Object.is(list.at(6), -0)).toBe(true);
    expect([list.length, list.at(-1)]).toEqual([all.length, bytes(0, 0, 1, 255)]);
    using other = new ShareableList(undefined, { name: list.shm.name });
    expect([...other]).toEqual(all);
    other.put(0, 'x');
    expect(list.at(0)).toBe('x');
    expect(Number.isNaN((unlinkedAt([Number.NaN]) as number[])[0])).toBe(true);
  });

  test('changes the kind of an item, within its slot', () => {
    using list = unlinked(new ShareableList([1, 'abcdefghi', null]));
    list.put(0, 'eight ch');
    list.put(1, 7);
    list.put(-1, bytes(1, 2));
    expect([...list]).toEqual(['eight ch', 7, bytes(1, 2)]);
    list.put(1, 'sixteen letters!');
    list.put(0, false);
    expect([...list, list.format]).toEqual([false, 'sixteen letters!', bytes(1, 2), 'xxxxxxx?16s8s']);
    const error = thrown(() => list.put(1, 'seventeen letters'));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toContain('at most 16 bytes long, the size of its slot');
    expect(list.at(1)).toBe('sixteen letters!');
    // What was there does not show through.
    list.put(1, 'x');
    expect(list.at(1)).toBe('x');
  });

  test('whole numbers stay floats in a slot that holds one', () => {
    using list = unlinked(new ShareableList([0.5, 1]));
    list.put(0, 2);
    list.put(1, 2);
    expect([list.format, ...list]).toEqual(['dq', 2, 2]);
    list.put(0, 2n);
    list.put(1, 2.5);
    expect([list.format, ...list]).toEqual(['qd', 2, 2.5]);
  });

  test('finds and counts', () => {
    using list = unlinked(new ShareableList([1, 'a', 1, bytes(1), 2n ** 60n, Number.NaN, null]));
    expect([list.count(1), list.count(1n), list.count('b'), list.count(Number.NaN)]).toEqual([2, 2, 0, 0]);
    expect([list.indexOf(bytes(1)), list.indexOf(2 ** 60), list.indexOf('1'), list.index(null)]).toEqual([
      3, 4, -1, 6,
    ]);
    expect(thrown(() => list.index('b'))).toBeInstanceOf(RangeError);
  });

  test('may be empty', () => {
    using list = unlinked(new ShareableList());
    using other = new ShareableList(undefined, { name: list.shm.name });
    expect([...other, other.length, list.shm.size]).toEqual([0, 16]);
    expect(thrown(() => list.at(0)).message).toContain('the list is empty');
  });

  test('is sent by reference, with each start method', async () => {
    using list = unlinked(new ShareableList([1, 'two', null]));
    for (const startMethod of ['forkserver', 'spawn'] as const) {
      await using pool = new Pool({ processes: 1, startMethod });
      const before = [...list];
      expect(await pool.apply(tasks.putAll, [list, [startMethod === 'spawn', 'zwei', 3]])).toEqual(before);
      expect([...list]).toEqual([startMethod === 'spawn', 'zwei', 3]);
    }
  });
});

describe('wrong use', () => {
  test.each([
    ['values that are none', 5, 'ERR_INVALID_ARG_TYPE', "'values'"],
    ['undefined among them', [1, undefined], 'ERR_INVALID_ARG_TYPE', "'values[1]'"],
    ['an object', [{}], 'ERR_INVALID_ARG_TYPE', "'values[0]'"],
    ['more than 64 bits', [2n ** 63n], 'ERR_OUT_OF_RANGE', "'values[0]'"],
    ['a zero at the end of text', ['a\0'], 'ERR_OUT_OF_RANGE', 'without a zero at the end'],
    ['a zero at the end of bytes', [bytes(1, 0)], 'ERR_OUT_OF_RANGE', 'without a zero at the end'],
    ['half a surrogate pair', ['\udc00'], 'ERR_OUT_OF_RANGE', 'surrogate'],
    ['text beyond what a format can say', ['x'.repeat(9_999_992)], 'ERR_OUT_OF_RANGE', '9999991 bytes'],
  ])('%s leave nothing behind', async (_what, values, code, says) => {
    const before = shmEntries();
    const error = thrown(() => new ShareableList(values as never));
    expect([error['code'], error.message]).toEqual([code, expect.stringContaining(says)]);
    await expectShmAsBefore(before);
  });

  test('places that there are not, values that no list takes, and a closed list', () => {
    using list = unlinked(new ShareableList([1, 2]));
    for (const index of [2, -3, 0.5, Number.NaN]) {
      expect(thrown(() => list.at(index))).toBeInstanceOf(RangeError);
      expect(thrown(() => list.put(index, 1))).toBeInstanceOf(RangeError);
    }
    expect(thrown(() => list.at('0' as never))['code']).toBe('ERR_INVALID_ARG_TYPE');
    expect(thrown(() => list.put(0, undefined as never))['code']).toBe('ERR_INVALID_ARG_TYPE');
    expect(thrown(() => new ShareableList([], { nam: 'x' } as never)).message).toContain("spelt 'name'");
    list.close();
    for (const use of [() => list.at(0), () => list.put(0, 1), () => [...list], () => list.format]) {
      expectClear(thrown(use), {
        class: ForkyardError,
        code: 'ERR_FORKYARD_CLOSED',
        says: [/^ShareableList\./],
      });
    }
  });
});

describe('damage', () => {
  const refused = (memory: SharedMemory) =>
    thrown(() => new ShareableList(undefined, { name: memory.name }))['code'];

  test('of the length and the offsets is told when attaching', () => {
    using small = unlinked(new SharedMemory({ create: true, size: 8 }));
    expect(refused(small)).toBe('ERR_FORKYARD_DAMAGED');
    using memory = unlinked(new SharedMemory({ create: true, size: 4096 }));
    const words = new BigInt64Array(memory.buffer);
    for (const length of [-1n, 241n, 2n ** 62n]) {
      words[0] = length;
      expect(refused(memory)).toBe('ERR_FORKYARD_DAMAGED');
    }
    for (const offsets of [
      [0n, 5000n, 8n],
      [-8n, 0n, 8n],
      [16n, 8n, 24n],
      [0n, 8n, 2n ** 62n],
    ]) {
      words.set([2n, ...offsets]);
      expect(refused(memory)).toBe('ERR_FORKYARD_DAMAGED');
    }
  });

  test('of an item is told when it is read, and no bytes kill the reader', () => {
    using list = unlinked(new ShareableList([1, 'abc']));
    const { buf } = list.shm;
    const formats = 4 * 8 + 16;
    const write = (format: string, code: number) => {
      buf.set(Buffer.from(format.padEnd(8, '\0')), formats + 8);
      buf[formats + 17] = code;
    };
    for (const [format, code] of [
      ['9s', 1],
      ['9999999s', 2],
      ['-1s', 1],
      ['s', 1],
      ['1e3s', 1],
      ['q', 1],
      ['8s', 0],
      ['8s', 9],
      ['\xff\xff', 0],
      ['', 3],
    ] as const) {
      write(format, code);
      expect(thrown(() => list.at(1))['code']).toBe('ERR_FORKYARD_DAMAGED');
    }
    write('8s', 1);
    buf[32 + 8] = 0xff;
    expect(thrown(() => list.at(1)).message).toContain('not UTF-8');
    expect(list.at(0)).toBe(1);
    for (let round = 0; round < 2000; round++) {
      const place = (round * 7919) % buf.length;
      const before = buf[place] as number;
      buf[place] = (round * 31) & 255;
      try {
        using other = new ShareableList(undefined, { name: list.shm.name });
        expect(other.length).toBeLessThan(10);
        void [...other];
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_FORKYARD_DAMAGED' });
      }
      buf[place] = before;
    }
  });
});

describe.skipIf(!hasPython)('with CPython (needs python3)', () => {
  const values = `[0, -5, 2**53 - 1, 2**63 - 1, -2**63, 2.5, -0.0, 1e300, float('inf'), True, False, None,
    '', 'Größe 長さ 🙂', 'seven b', 'exactly8', b'', b'\\0\\0\\1\\xff']`;
  const library = `
import sys
from multiprocessing import resource_tracker, shared_memory
def untracked(list):
    resource_tracker.unregister(list.shm._name, 'shared_memory')
    return list
values = ${values}
`;

  test('Python reads what Node made, and both make the same bytes', () => {
    // CPython makes slots by the number of characters, which cuts other text short: no such text among these.
    const plain = all.filter((value) => typeof value !== 'string' || !/[^ -~]/.test(value));
    using list = unlinked(new ShareableList(all));
    using ascii = unlinked(new ShareableList(plain));
    const program = `${library}
list = untracked(shared_memory.ShareableList(name=sys.argv[1]))
assert repr([item for item in list]) == repr(values), [item for item in list]
theirs = untracked(shared_memory.ShareableList([v for v in values if not isinstance(v, str) or v.isascii()]))
print(bytes(theirs.shm.buf).hex(), end='')
print(' ' + theirs.shm.name, end='')`;
    const [hex, name] = runPython(program, list.shm.name).split(' ') as [string, string];
    using theirs = unlinked(new SharedMemory({ name }));
    expect(Buffer.from(ascii.shm.buf).toString('hex')).toBe(hex);
    expect(theirs.size).toBe(ascii.shm.size);
  });

  test('each changes items of the other', () => {
    const program = `${library}
if len(sys.argv) == 2:
    list = untracked(shared_memory.ShareableList(name=sys.argv[1]))
    assert [item for item in list] == [True, 'zwölf', 3, None, b'ab'], [item for item in list]
else:
    list = untracked(shared_memory.ShareableList([1, 'a' * 20, 2.5, b'x' * 9, None]))
    print(list.shm.name, end='')`;
    using list = unlinked(new ShareableList(undefined, { name: runPython(program) }));
    expect([...list]).toEqual([1, 'a'.repeat(20), 2.5, Buffer.alloc(9, 'x').subarray(0), null].map(plain));
    for (const [place, value] of [true, 'zwölf', 3, null, Buffer.from('ab')].entries())
      list.put(place, value);
    expect(list.format).toBe('xxxxxxx?24sdxxxxxx?x8s');
    runPython(program, list.shm.name);
  });
});

function plain(value: ShareableValue): ShareableValue {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

function unlinkedAt(values: readonly ShareableValue[]): ShareableValue[] {
  using list = unlinked(new ShareableList(values));
  return [...list];
}
