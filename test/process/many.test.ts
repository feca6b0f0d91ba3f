// Many processes, one after the other and at the same moment: none is lost, none is left, and nothing adds up.
import { expect, test } from 'vitest';
import { activeChildren, memoryUse, Process } from '../../lib/index.js';
import { work } from '../fixtures/process/tasks.mjs';
import { openFiles } from '../helpers/system-state.js';

test('100 short children: all return what they should and exit with 0', { timeout: 120_000 }, async () => {
  const children = Array.from({ length: 100 }, (_, n) => new Process({ target: work.add, args: [n, 1] }));
  for (const child of children) child.start();
  expect(activeChildren()).toHaveLength(100);
  expect(await Promise.all(children.map((child) => child.result))).toEqual(children.map((_, n) => n + 1));
  await Promise.all(children.map((child) => child.join()));
  expect(children.map((child) => child.exitCode)).toEqual(children.map(() => 0));
  expect(new Set(children.map((child) => child.pid)).size).toBe(100);
  expect(activeChildren()).toEqual([]);
  for (const child of children) child.close();
});

test('100 terminated just after start: all report SIGTERM', { timeout: 120_000 }, async () => {
  const children = Array.from({ length: 100 }, () => new Process({ target: work.hang }));
  for (const child of children) {
    child.start();
    child.terminate();
  }
  await Promise.all(children.map((child) => child.join()));
  expect(children.map((child) => child.exitCode)).toEqual(children.map(() => -15));
  expect(activeChildren()).toEqual([]);
  for (const child of children) child.close();
});

test('descriptors and shared memory are level after many of them', async () => {
  const round = async () => {
    const children = Array.from({ length: 8 }, (_, n) => new Process({ target: work.add, args: [n, n] }));
    for (const child of children) child.start();
    await Promise.all(children.map((child) => child.result));
    await Promise.all(children.map((child) => child.join()));
    for (const child of children) child.close();
    return { files: openFiles().length, bytes: memoryUse().bytesInUse };
  };
  const first = await round();
  await round();
  const last = await round();
  expect(last.files).toBeLessThanOrEqual(first.files);
  expect(last.bytes).toBeLessThanOrEqual(first.bytes);
});
