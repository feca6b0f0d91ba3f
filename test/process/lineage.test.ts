// Who is whose child: names, parents, children of children, pools in processes, and what becomes of them.
import { afterEach, describe, expect, test } from 'vitest';
import {
  activeChildren,
  currentProcess,
  isMainProcess,
  Process,
  type ProcessOptions,
  parentProcess,
} from '../../lib/index.js';
import { mark } from '../conformance/marks.js';
import { work } from '../fixtures/process/tasks.mjs';
import { processInfo } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

const started: Process<never[], unknown>[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) await child[Symbol.asyncDispose]();
});

function start(options: Record<string, unknown>) {
  const child = new Process({ stdio: 'ignore', ...options } as ProcessOptions<never[], unknown>);
  started.push(child);
  child.start();
  return child;
}

test('the main process', () => {
  expect(currentProcess()).toMatchObject({ name: 'MainProcess', pid: process.pid, daemon: false });
  expect(parentProcess()).toBeNull();
  expect(isMainProcess).toBe(true);
  expect(activeChildren()).toEqual([]);
});

test('what a child knows of itself and of its parent', async () => {
  const child = start({ target: work.describe, name: 'first' });
  expect(await child.result).toMatchObject({
    name: 'first',
    pid: child.pid,
    currentPid: child.pid,
    daemon: false,
    isMainProcess: false,
    activeChildren: 0,
    parent: { name: 'MainProcess', pid: process.pid, alive: true },
    ppid: process.pid,
  });
});

test('default names count up and show the descent; they are unique', async () => {
  const [a, b] = [new Process({ target: work.nothing }), new Process({ target: work.nothing })];
  const number = Number(a.name.match(/^Process-(\d+)$/)?.[1]);
  expect(b.name).toBe(`Process-${number + 1}`);
  class Named extends Process {}
  expect(new Named().name).toBe(`Named-${number + 2}`);
  const child = start({ target: work.defaults });
  expect(await child.result).toEqual({ name: `${child.name}:1`, daemon: false });
});

describe('daemon', () => {
  test('is inherited from the creator, and can be said and set before the start', async () => {
    const child = new Process({ target: work.defaults, stdio: 'ignore' });
    started.push(child as never);
    expect(child.daemon).toBe(false);
    child.daemon = true;
    child.start();
    expect(child.daemon).toBe(true);
    expect(await child.result).toMatchObject({ daemon: true });
    expect(await start({ target: work.describe, daemon: true }).result).toMatchObject({ daemon: true });
  });
});

test('children start children, two levels deep', async () => {
  const child = start({ target: work.nest, args: [2], name: 'Process-7' });
  const [first, second, third] = (await child.result) as { name: string; pid: number; parent: number }[];
  expect(first).toEqual({ name: 'Process-7', pid: child.pid, parent: process.pid });
  expect(second).toMatchObject({ name: 'Process-7:1', parent: first?.pid });
  expect(third).toMatchObject({ name: 'Process-7:1:1', parent: second?.pid });
  await child.join();
  expect(child.exitCode).toBe(0);
});

test('a pool in a process', async () => {
  const child = start({ target: work.poolInside, args: [[1, 2, 3, 4]] });
  expect(await child.result).toMatchObject({ squares: [1, 4, 9, 16] });
  await child.join();
  expect(child.exitCode).toBe(0);
});

test('an idle pool does not keep a child alive', async () => {
  const child = start({ target: work.leaveIdlePool });
  expect(await child.result).toBe(16);
  await child.join();
  expect(child.exitCode).toBe(0);
});

test('the daemons of a child end with it', async () => {
  const mine = mark();
  const child = start({ target: work.leaveChild, args: [mine.path] });
  const grandchild = (await child.result) as number;
  await child.join();
  expect(child.exitCode).toBe(0);
  await until(() => isOver(grandchild), { what: () => JSON.stringify(processInfo(grandchild)) });
});

test('a child that is killed takes its descendants with it', async () => {
  const mine = mark();
  const child = start({ target: work.leaveAndHang, args: [mine.path] });
  const [pid] = (await mine.reached()).map(Number);
  child.kill();
  await child.join();
  await until(() => isOver(pid as number), { what: () => JSON.stringify(processInfo(pid as number)) });
});

test('five concurrent children have the same number of descriptors', async () => {
  const children = Array.from({ length: 5 }, () => start({ target: work.descriptors }));
  const counts = await Promise.all(children.map((child) => child.result));
  expect(new Set(counts).size).toBe(1);
  // And none of a sibling that came before is inherited by one that comes after.
  const later = start({ target: work.descriptors });
  expect(await later.result).toBe(counts[0]);
});

test('activeChildren lists the living, in each process its own', async () => {
  const children = [
    start({ target: work.hang }),
    start({ target: work.hang }),
    start({ target: work.nothing }),
  ];
  expect(activeChildren()).toEqual(children);
  await children[2]?.join();
  expect(activeChildren()).toEqual(children.slice(0, 2));
  for (const child of children) child.kill();
  await Promise.all(children.map((child) => child.join()));
  expect(activeChildren()).toEqual([]);
});

function isOver(pid: number): boolean {
  const info = processInfo(pid);
  // An orphan is reaped by whoever is init here, in its own time.
  return info === undefined || info.state === 'Z';
}
