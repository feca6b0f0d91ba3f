// wait(): those of several things that are ready, in their order, for so long.
import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Client, type Connection, Listener, wait } from '../../lib/connection.js';
import { Process } from '../../lib/index.js';
import { readiness } from '../../lib/waitable.js';
import { rejection } from '../conformance/caught.js';
import { work } from '../fixtures/process/tasks.mjs';
import { openFiles } from '../helpers/system-state.js';
import { pair, withPair } from './support.js';

test('gives those that are ready, in their order; none when the time is over', () =>
  withPair(async ({ ours, theirs, listener }) => {
    const other = await pair();
    const all = [other.theirs, theirs, listener, ours];
    expect(await wait(all, { timeout: 0 })).toEqual([]);
    expect(await wait(all, { timeout: -1 })).toEqual([]);
    expect(await wait(all, { timeout: 5 })).toEqual([]);
    expect(await wait([])).toEqual([]);
    expect(await wait([], { timeout: 1 })).toEqual([]);
    const waiting = wait(all);
    await ours.send(1);
    expect(await waiting).toEqual([theirs]);
    await other.ours.send(2);
    expect(await other.theirs.poll(Infinity)).toBe(true);
    expect(await wait(new Set(all))).toEqual([other.theirs, theirs]);
    const client = await Client(listener.address as string);
    expect((await wait([listener])).length).toBe(1);
    client.close();
    other.ours.close();
    await other.theirs.recv();
    expect(await other.theirs.poll(Infinity)).toBe(true);
    // The end is something, too, and so is what was closed here.
    expect(await wait([ours, other.theirs, other.ours])).toEqual([other.theirs, other.ours]);
    await other[Symbol.asyncDispose]();
  }));

test('does not wait after an abort', () =>
  withPair(async ({ ours }) => {
    const stop = new AbortController();
    const aborted = wait([ours], { signal: stop.signal });
    stop.abort(new Error('enough'));
    expect((await rejection(aborted)).message).toBe('enough');
  }));

test('sentinels of processes are ready at their end, and stay open', () =>
  withPair(async ({ ours, theirs }) => {
    const child = new Process({ target: work.hang });
    child.start();
    await child.started;
    const { sentinel } = child;
    expect(await wait([sentinel, ours], { timeout: 5 })).toEqual([]);
    await theirs.send('first');
    expect(await wait([sentinel, ours])).toEqual([ours]);
    child.kill();
    expect(await wait([sentinel, sentinel])).toEqual([sentinel, sentinel]);
    expect(await wait([sentinel, ours])).toEqual([sentinel, ours]);
    await child.join();
    expect(await wait([child.sentinel], { timeout: 0 })).toEqual([sentinel]);
    child.close();
  }));

test('leaves no descriptor, and takes files for readable', async () => {
  const fd = openSync(import.meta.filename, 'r');
  const before = openFiles().length;
  for (let n = 0; n < 20; n++) expect(await wait([fd], { timeout: 0 })).toEqual([fd]);
  expect(openFiles().length).toBeLessThan(before + 10);
  closeSync(fd);
});

test('wrong arguments', async () => {
  for (const [objects, code] of [
    [5, 'ERR_INVALID_ARG_TYPE'],
    [[{}], 'ERR_INVALID_ARG_TYPE'],
    [[-1], 'ERR_INVALID_ARG_TYPE'],
    [[1.5], 'ERR_INVALID_ARG_TYPE'],
    [[99_999], 'ERR_OUT_OF_RANGE'],
  ] as const)
    expect(await rejection(wait(objects as never))).toMatchObject({ code });
  expect(await rejection(wait([], { time: 1 } as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('anything that tells when it is ready can be waited for', async () => {
  let tell = () => {};
  let watching = 0;
  let isReady = false;
  const own = {
    [readiness]: {
      isReady: () => isReady,
      watch: (listener: () => void) => {
        watching++;
        tell = listener;
        return () => watching--;
      },
    },
  };
  const waiting = wait([own as never as Connection]);
  tell();
  isReady = true;
  tell();
  expect(await waiting).toEqual([own]);
  expect(watching).toBe(0);
});

test('a listener that is closed is ready: accept would go on at once', async () => {
  const listener = new Listener();
  const waiting = wait([listener]);
  listener.close();
  expect(await waiting).toEqual([listener]);
});
