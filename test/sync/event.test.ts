// Event: who waits goes on, in whichever process, and whoever dies meanwhile.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pool, Process, Event as SharedEvent, TimeoutError } from '../../lib/index.js';
import { rejection, thrown } from '../conformance/caught.js';
import { mark } from '../conformance/marks.js';
import { tasks } from '../fixtures/sync/tasks.mjs';
import { until } from '../helpers/until.js';

let pool: Pool;
beforeAll(() => {
  pool = new Pool(2);
});
afterAll(() => pool[Symbol.asyncDispose]());

test('lets through while it is set', async () => {
  const event = new SharedEvent();
  expect(event.isSet).toBe(false);
  expect(await rejection(event.wait({ timeout: 5 }))).toBeInstanceOf(TimeoutError);
  expect(thrown(() => event.waitSync({ timeout: 5 }))).toBeInstanceOf(TimeoutError);
  event.set();
  event.set();
  expect([event.isSet, await event.wait(), event.waitSync()]).toEqual([true, true, true]);
  event.clear();
  expect(event.isSet).toBe(false);
  expect(await rejection(event.wait({ timeout: 0 }))).toBeInstanceOf(TimeoutError);
});

test('wakes all who wait here, though it is cleared at once', async () => {
  const event = new SharedEvent();
  for (let round = 0; round < 20; round++) {
    const waiting = [event.wait(), event.wait(), event.wait()];
    event.set();
    event.clear();
    expect(await Promise.all(waiting)).toEqual([true, true, true]);
    expect(await rejection(event.wait({ timeout: 0 }))).toBeInstanceOf(TimeoutError);
  }
});

test('wakes those who wait elsewhere, though it is cleared at once, again and again', async () => {
  const event = new SharedEvent();
  for (let round = 0; round < 20; round++) {
    const waiting = Promise.all([
      pool.apply(tasks.waitFor, [event, mark().path]),
      pool.apply(tasks.waitForSync, [event, mark().path]),
    ]);
    let isOver = false;
    void waiting.then(() => {
      isOver = true;
    });
    // It cannot be known when they begin to wait.
    await until(() => {
      event.set();
      event.clear();
      return isOver;
    });
    expect(await waiting).toEqual([true, true]);
  }
});

test('does not wait for the dead', async () => {
  const event = new SharedEvent();
  const { path, reached } = mark();
  const victims = [tasks.waitFor, tasks.waitForSync].map((target) => {
    const process = new Process({ target, args: [event, path] });
    process.start();
    return process;
  });
  const waiting = pool.apply(tasks.waitForSync, [event, path]);
  await reached(3);
  for (const victim of victims) victim.kill();
  await Promise.all(victims.map((victim) => victim.join()));
  event.set();
  expect(await waiting).toBe(true);
});
