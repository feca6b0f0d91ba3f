// What is printed at the end: serial against parallel, and the balance between the workers.
import Table from 'cli-table3';
import type { ParallelRun, Run } from './runs.js';
import type { Selection } from './select.js';
import type { FileFacts } from './tasks.js';

export function comparisonTable(selection: Selection, serial: Run, parallel: ParallelRun): string {
  const speedUp = serial.seconds / parallel.seconds;
  const workers = parallel.workers.length;
  const row = (name: string, { facts, seconds }: Run): string[] => [
    name,
    String(facts.size),
    megabytes(selection.bytes),
    seconds.toFixed(2),
    (facts.size / seconds).toFixed(0),
    (selection.bytes / 1e6 / seconds).toFixed(1),
  ];
  return table(
    ['', 'files', 'MB', 'seconds', 'files/s', 'MB/s', 'speed-up', 'efficiency'],
    [
      [...row('serial', serial), '1.00 x', ''],
      [...row(`parallel (${workers})`, parallel), `${speedUp.toFixed(2)} x`, percent(speedUp / workers)],
    ],
  );
}

/** Files and bytes are counted from the results, the busy time is what the workers report. */
export function balanceTable({ facts, seconds, workers }: ParallelRun): string {
  const rows = workers.map(({ name, pid, busyMs }) => {
    const own = [...facts.values()].filter((result) => result.pid === pid);
    return [
      name,
      String(pid),
      String(own.length),
      megabytes(sumOf(own, 'bytes')),
      busyMs.toFixed(0),
      percent(busyMs / 1000 / seconds),
    ];
  });
  return table(['worker', 'pid', 'files', 'MB', 'busy ms', 'of the time'], rows);
}

export function totals(facts: ReadonlyMap<string, FileFacts>): string {
  const all = [...facts.values()];
  const [bytes, gzipBytes] = [sumOf(all, 'bytes'), sumOf(all, 'gzipBytes')];
  return `${sumOf(all, 'lines')} lines; ${megabytes(bytes)} MB would be ${megabytes(gzipBytes)} MB after gzip -6`;
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function table(head: string[], rows: string[][]): string {
  const colAligns = head.map((_, column) => (column === 0 ? ('left' as const) : ('right' as const)));
  const drawn = new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
  drawn.push(...rows);
  return drawn.toString();
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function sumOf(facts: readonly FileFacts[], field: 'bytes' | 'gzipBytes' | 'lines'): number {
  return facts.reduce((total, one) => total + one[field], 0);
}
