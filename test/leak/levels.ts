// Runs test/fixtures/leak/operations.mjs and says what must not have risen. For leaks.test.ts, with small numbers, and for
// test/stress/, with large ones.
import { expect } from 'vitest';
import { type Accounts, expectNothingInUse, type Levels, reportOf } from '../crash/support.js';

interface WorkerLevels {
  readonly pid: number;
  readonly fds: Readonly<Record<string, number>>;
  readonly maps: number;
  readonly heapUsed: number;
}

interface Measured {
  readonly own: Levels;
  readonly workers: readonly WorkerLevels[];
  readonly accounts: Accounts;
  readonly threads: number;
}

interface LeakReport {
  readonly kind: string;
  readonly number: number;
  /** After a first part, then after each third of the operations. */
  readonly levels: readonly Measured[];
  /** With all pools closed. */
  readonly end: Accounts;
}

// A pool's last values may still be in somebody's hands: no more than there are calls at a time.
const cellsInHand = 10;
// Freed spans are kept for the next slabs for some seconds; that their blocks are free is told by the references.
const arenaKept = 32 * 2 ** 20;
// Of V8, which maps and unmaps its pages as it likes: far less than one for every operation. Its young generation alone would
// grow by two halves of 64 pages, at a moment of its own: it is kept small.
const mapsOfV8 = 60;
const execArgv = ['--max-semi-space-size=1'];
// What the last operations left in caches; one kept closure per operation would be more.
const heapOfV8 = 1_500_000;

export type Kind =
  | 'apply'
  | 'slabs'
  | 'values'
  | 'locks'
  | 'queues'
  | 'pipes'
  | 'items'
  | 'pools'
  | 'processes'
  | 'names';

export async function expectLevel(kind: Kind, number: number, timeoutMs?: number): Promise<void> {
  const report = await reportOf<LeakReport>('leak/operations.mjs', {
    args: [kind, String(number)],
    execArgv,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  console.log(`${number} ${kind}: ${report.levels.map(describeLevel).join('; ')}`);
  const [first, ...later] = report.levels as [Measured, ...Measured[]];
  for (const { own, workers, accounts, threads } of later) {
    expect(accounts.problems).toEqual([]);
    expect(accounts.cells - first.accounts.cells, 'references').toBeLessThan(cellsInHand);
    expect(own.bytesInUse - first.own.bytesInUse, 'arena').toBeLessThan(arenaKept);
    const { fds, slots, shm, children } = own;
    expect({ fds, slots, shm, children: children.length, threads }).toEqual({
      ...{ fds: first.own.fds, slots: first.own.slots, shm: first.own.shm },
      ...{ children: first.own.children.length, threads: first.threads },
    });
    expect(own.maps - first.own.maps, 'mappings').toBeLessThan(mapsOfV8);
    for (const [place, worker] of workers.entries()) {
      const before = first.workers[place] as WorkerLevels;
      expect({ pid: worker.pid, fds: worker.fds }).toEqual({ pid: before.pid, fds: before.fds });
      expect(worker.maps - before.maps, 'mappings of a worker').toBeLessThan(mapsOfV8);
    }
  }
  expectLevelHeaps(first, later.at(-1) as Measured);
  expectNothingInUse(report.end);
}

function expectLevelHeaps(first: Measured, last: Measured): void {
  expect(last.own.heapUsed - first.own.heapUsed, 'heap').toBeLessThan(heapOfV8);
  for (const [place, worker] of last.workers.entries()) {
    const before = first.workers[place] as WorkerLevels;
    expect(worker.heapUsed - before.heapUsed, 'heap of a worker').toBeLessThan(heapOfV8);
  }
}

function describeLevel({ own, accounts }: Measured): string {
  const fds = Object.values(own.fds).reduce((sum, count) => sum + count, 0);
  const heap = (own.heapUsed / 2 ** 20).toFixed(1);
  return `${fds} fds, ${own.maps} maps, ${own.bytesInUse >> 20} MiB, ${accounts.cells} cells, heap ${heap} MB`;
}
