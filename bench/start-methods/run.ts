// `npm run bench:start-methods`: what a worker costs that was forked from a server, beside one that was spawned and beside
// threads: memory, memory of a preloaded heap, and the time of busy work. The benchmark of everything else is ../run.ts.
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { formatNumber, formatTable } from '../format.js';
import { describeMachine } from '../machine.js';
import { findPackage } from '../rivals/find-package.js';
import { median } from '../scenario.js';
import { type Kind, kinds } from './work.js';

interface Workers {
  readonly rival: string;
  readonly workers: number;
  readonly upMs: number;
  readonly eachMb: number;
  readonly totalMb: number;
  readonly afterTaskMb?: number;
  readonly afterAllocationMb?: number;
}

interface Heap {
  readonly startMethod: string;
  readonly node: string;
  readonly idleMb: number;
  readonly readMb: number;
  readonly allocatedMb: number;
  readonly collectedMb: number;
}

interface Busy {
  readonly startMethod: string;
  readonly times: Readonly<Record<Kind, number>>;
}

const settings = readSettings();
const root = findPackage('forkyard').folder;
const machine = describeMachine();
const methods = ['forkserver', 'spawn'];
const sections = [await ofWorkers(), await ofHeaps(), await ofBusyWork()];
const text = [...sections.map((section) => section.text), about()].join('\n\n');
console.log(text);
if (settings.save) {
  const path = join(root, 'bench/results/start-methods');
  writeFileSync(`${path}.md`, `${text}\n`);
  const measured = Object.fromEntries(sections.map(({ name, measured }) => [name, measured]));
  writeFileSync(`${path}.json`, `${JSON.stringify({ settings, machine, ...measured }, null, 2)}\n`);
}

async function ofWorkers() {
  const { many, few } = settings;
  const measured: Workers[] = [];
  // So many spawned processes or threads are more than the machine may have room for.
  for (const [rival, count] of [
    ['forkyard', few],
    ['forkyard-spawn', few],
    ['piscina', few],
    ['forkyard', many],
    ['forkyard-spawn', Math.min(many, 20)],
    ['piscina', Math.min(many, 100)],
  ] as const)
    measured.push(await run<Workers>('workers.js', [rival, String(count)]));
  const rows = measured.map(({ rival, workers, upMs, eachMb, totalMb, afterTaskMb, afterAllocationMb }) => [
    rival,
    String(workers),
    formatNumber(upMs),
    formatNumber(eachMb),
    formatNumber(afterTaskMb ?? Number.NaN),
    formatNumber(afterAllocationMb ?? Number.NaN),
    formatNumber(totalMb),
    formatNumber((totalMb / workers) * many),
  ]);
  const header = [
    '',
    'workers',
    'up after ms',
    'MB each, idle',
    'after a task',
    'after a second of allocation',
    'MB in all',
    `${many} would be`,
  ];
  return section('workers', 'Memory of live workers', header, rows, measured);
}

async function ofHeaps() {
  const measured: Heap[] = [];
  for (const node of settings.nodes)
    for (const method of methods)
      measured.push(await run<Heap>('preloaded-heap.js', [method, String(settings.heapWorkers)], node));
  const rows = measured.map(({ startMethod, node, idleMb, readMb, allocatedMb, collectedMb }) => [
    startMethod,
    node,
    ...[idleMb, readMb, allocatedMb, collectedMb].map(formatNumber),
  ]);
  const header = [
    '',
    'Node',
    'idle',
    'all objects read',
    'then a second of allocation',
    'then a full collection',
  ];
  const title = `200 MB of preloaded objects in ${settings.heapWorkers} workers: private MB of each`;
  return section('heap', title, header, rows, measured);
}

async function ofBusyWork() {
  const measured: Busy[] = [];
  for (let trial = 0; trial < settings.trials; trial++)
    for (const method of methods)
      measured.push(await run<Busy>('busy.js', [method, String(availableParallelism())]));
  const of = (method: string, kind: Kind): number =>
    median(measured.filter(({ startMethod }) => startMethod === method).map(({ times }) => times[kind]));
  const rows = (Object.keys(kinds) as Kind[]).map((kind) => {
    const [forked, spawned] = [of('forkserver', kind), of('spawn', kind)];
    return [kind, formatNumber(forked), formatNumber(spawned), (forked / spawned).toFixed(2)];
  });
  const title = `Busy work in ${availableParallelism()} workers at once: ms, medians of ${settings.trials} trials in turn`;
  return section('busy', title, ['', 'forkserver', 'spawn', 'ratio'], rows, measured, 1);
}

function section(
  name: string,
  title: string,
  header: string[],
  rows: string[][],
  measured: unknown,
  words = 1,
) {
  return { name, measured, text: `### ${title}\n\n${formatTable(header, rows, words)}` };
}

async function run<T>(program: string, args: string[], node = process.execPath): Promise<T> {
  console.error(`${program} ${args.join(' ')}${node === process.execPath ? '' : ` (${node})`}`);
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await promisify(execFile)(node, [path, ...args], { maxBuffer: 2 ** 24 });
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as T;
}

function about(): string {
  return (
    'MB of 10^6 bytes that a process shares with no other (`Private_*` of smaps_rollup), of each the median; "in all" has what the ' +
    `program itself gained. ${machine.cpu}, ${machine.cpus} CPUs, ${machine.kernel}, Node ${machine.node}, commit ${machine.commit}, ` +
    `${machine.date.slice(0, 10)}; load before: ${machine.loadBefore}.`
  );
}

/** Other versions of Node are those that `npm run test:nodes` has fetched. */
function nodePrograms(versions: string): string[] {
  const others = versions.split(',').filter((version) => version !== '');
  return [
    process.execPath,
    ...others.map((version) => {
      const path = join(findPackage('forkyard').folder, 'build/nodes', version, 'node_modules/node/bin/node');
      if (!existsSync(path))
        throw new Error(`Node ${version} is not there: npm run test:nodes -- ${version}`);
      return path;
    }),
  ];
}

function readSettings() {
  const { values } = parseArgs({
    options: {
      few: { type: 'string', default: '8' },
      many: { type: 'string', default: '500' },
      'heap-workers': { type: 'string', default: '8' },
      trials: { type: 'string', default: '5' },
      nodes: { type: 'string', default: '' },
      'no-save': { type: 'boolean', default: false },
    },
  });
  const number = (name: 'few' | 'many' | 'heap-workers' | 'trials'): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new Error(`--${name} must be a whole number of at least 1`);
  };
  return {
    few: number('few'),
    many: number('many'),
    heapWorkers: number('heap-workers'),
    trials: number('trials'),
    nodes: nodePrograms(values.nodes),
    save: !values['no-save'],
  };
}
