// Which worker gets which CPUs, on machines that are not at hand.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCpuList, parseCpuList } from '../../lib/system/cpu-list.js';
import { resolveCpus } from '../../lib/system/resolve-cpus.js';
import type { Cpu } from '../../lib/system/topology.js';

/** Numbered as Linux does it: first one thread of every core, package by package, then the second ones. */
function machine(packages: number, coresEach: number, threads: number): Cpu[] {
  const cores = packages * coresEach;
  return Array.from({ length: cores * threads }, (_, cpu) => {
    const core = cpu % cores;
    const home = Math.floor(core / coresEach);
    const siblings = Array.from({ length: threads }, (_, thread) => core + thread * cores);
    return {
      cpu,
      core: core % coresEach,
      package: home,
      node: home,
      siblings,
      caches: [],
      maxFrequencyKhz: undefined,
    };
  });
}

const all = (cpus: Cpu[]) => cpus.map(({ cpu }) => cpu);
const assign = (spec: 'spread' | 'compact', workers: number, cpus: Cpu[], allowed = all(cpus)) =>
  resolveCpus(spec, workers, { cpus, allowed, usable: all(cpus) });

describe('two packages of two cores with two threads', () => {
  const cpus = machine(2, 2, 2);

  test('spread takes another package, then another core, then the second threads', () => {
    expect(assign('spread', 8, cpus).flat()).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
  });

  test('compact fills core after core', () => {
    expect(assign('compact', 8, cpus).flat()).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
  });

  test('only allowed CPUs are given', () => {
    expect(assign('spread', 3, cpus, [1, 3, 5]).flat()).toEqual([1, 3, 5]);
    expect(assign('compact', 3, cpus, [1, 3, 5]).flat()).toEqual([1, 5, 3]);
  });

  test('more workers than CPUs begin again', () => {
    expect(assign('spread', 3, cpus, [6]).flat()).toEqual([6, 6, 6]);
    expect(assign('compact', 5, cpus, [0, 4]).flat()).toEqual([0, 4, 0, 4, 0]);
  });
});

test('packages of different size lose no CPU', () => {
  const cpus = [
    ...machine(1, 1, 2),
    ...machine(1, 3, 1).map((cpu) => ({
      ...cpu,
      cpu: cpu.cpu + 2,
      package: 1,
      node: 1,
      siblings: [cpu.cpu + 2],
    })),
  ];
  expect(assign('spread', 5, cpus).flat()).toEqual([0, 2, 3, 4, 1]);
});

test('an allowed CPU that the topology does not show is a core of its own', () => {
  expect(resolveCpus('spread', 2, { cpus: [], allowed: [3, 9] })).toEqual([[3], [9]]);
});

test('one list is for all workers, and none of them can change it for another', () => {
  const lists = resolveCpus([1, 0], 3, { usable: [0, 1, 2] });
  expect(lists).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
  ]);
  lists[0].push(2);
  expect(lists[1]).toEqual([0, 1]);
});

test('one list per worker', () => {
  expect(resolveCpus([[0], [2, 1]], 2, { usable: [0, 1, 2] })).toEqual([[0], [1, 2]]);
});

test('this machine needs no further argument', () => {
  for (const spec of ['spread', 'compact'] as const) {
    const lists = resolveCpus(spec, 3);
    expect(lists.length).toBe(3);
    for (const list of lists) expect(list.length).toBe(1);
  }
});

test.each<[string, unknown, number, string, RegExp]>([
  ['a CPU that may not be used', [99], 1, 'ERR_OUT_OF_RANGE', /may use \(0-3\), which excludes 99/],
  ['the same in a list per worker', [[0], [0, 99]], 2, 'ERR_OUT_OF_RANGE', /'cpus\[1\]'.*excludes 99/],
  ['fewer lists than workers', [[0]], 2, 'ERR_OUT_OF_RANGE', /each of the 2 workers/],
  ['more lists than workers', [[0], [1]], 1, 'ERR_OUT_OF_RANGE', /each of the 1 workers/],
  ['an empty list', [], 1, 'ERR_OUT_OF_RANGE', /at least one/],
  ['an empty list for a worker', [[0], []], 2, 'ERR_OUT_OF_RANGE', /'cpus\[1\]'.*at least one/],
  ['numbers and lists mixed', [0, [1]], 2, 'ERR_INVALID_ARG_TYPE', /'cpus\[0\]'/],
  ['another word', 'scatter', 1, 'ERR_INVALID_ARG_TYPE', /'spread' or 'compact'/],
  ['a number', 3, 1, 'ERR_INVALID_ARG_TYPE', /'cpus'/],
  ['no workers', 'spread', 0, 'ERR_OUT_OF_RANGE', /'workers'/],
])('%s is refused', (_, spec, workers, code, message) => {
  expect(() => resolveCpus(spec as never, workers, { usable: [0, 1, 2, 3] })).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

const machines = fc.tuple(
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: 6 }),
  fc.integer({ min: 1, max: 4 }),
);
test('each allowed CPU is given once before any is given again', () => {
  fc.assert(
    fc.property(
      machines,
      fc.constantFrom('spread' as const, 'compact' as const),
      fc.nat(),
      ([p, c, t], spec, seed) => {
        const cpus = machine(p, c, t);
        const allowed = all(cpus).filter((cpu) => cpu === 0 || (seed >> (cpu % 31)) % 2 === 0);
        const given = assign(spec, allowed.length * 2, cpus, allowed).flat();
        expect(given.slice(0, allowed.length).sort((a, b) => a - b)).toEqual(allowed);
        expect(given.slice(allowed.length)).toEqual(given.slice(0, allowed.length));
      },
    ),
  );
});

test('a list of CPUs survives the notation of the kernel', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(4096)), (cpus) => {
      expect(parseCpuList(formatCpuList(cpus))).toEqual([...cpus].sort((a, b) => a - b));
    }),
  );
  expect(formatCpuList([0, 1, 2, 5, 7, 8])).toBe('0-2,5,7-8');
  expect(parseCpuList('')).toEqual([]);
});
