// The authkey of processes: one for a program and all its children, or what it is set to; it is shown nowhere.
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { currentProcess, getAllStartMethods, Pool, Process } from '../../lib/index.js';
import { rejection, thrown } from '../conformance/caught.js';
import { work } from '../fixtures/process/tasks.mjs';

test('32 random bytes, the same ones as long as they are not set', () => {
  const { authkey } = currentProcess();
  expect(authkey.length).toBe(32);
  expect(new Set(authkey).size).toBeGreaterThan(8);
  expect(currentProcess().authkey).toBe(authkey);
});

test.each(getAllStartMethods())('children inherit it, or have their own: %s', async (startMethod) => {
  const keyOf = async (authkey?: Uint8Array): Promise<Buffer> => {
    const child = new Process({ target: work.authkey, startMethod });
    if (authkey !== undefined) child.authkey = authkey;
    else expect(child.authkey).toBe(currentProcess().authkey);
    child.start();
    const [key, visible] = (await child.result) as [Uint8Array, string];
    await child.join();
    const hidden = [Buffer.from(key).toString('hex'), Buffer.from(key).toString('base64'), key.join()];
    for (const text of hidden) expect(visible).not.toContain(text);
    return Buffer.from(key);
  };
  expect((await keyOf()).equals(currentProcess().authkey)).toBe(true);
  expect((await keyOf(Buffer.from('of this child'))).toString()).toBe('of this child');
  const before = new Uint8Array(currentProcess().authkey);
  const set = Buffer.from('set by assignment');
  currentProcess().authkey = set;
  set.fill(0);
  expect((await keyOf()).toString()).toBe('set by assignment');
  currentProcess().authkey = before;
  expect((await keyOf()).equals(before)).toBe(true);
});

test('workers of a pool inherit it', async () => {
  const pool = new Pool(1);
  const [key] = (await pool.apply(work.authkey as never)) as [Uint8Array];
  expect(Buffer.from(key).equals(currentProcess().authkey)).toBe(true);
  await pool[Symbol.asyncDispose]();
});

test('it is not shown, turned into text, or sent by accident', async () => {
  const { authkey } = currentProcess();
  const child = new Process({ target: work.authkey });
  for (const text of [inspect(authkey), `${authkey}`, JSON.stringify(authkey), inspect({ authkey })])
    expect(text).toContain('<authkey>');
  for (const text of [inspect(currentProcess()), JSON.stringify(currentProcess()), inspect(child)])
    expect(text).not.toMatch(/authkey/);
  expect(Object.keys({ ...currentProcess() })).toEqual(['name', 'pid', 'daemon']);
  expect(readFileSync('/proc/self/environ', 'utf8')).not.toContain(Buffer.from(authkey).toString('hex'));
  const pool = new Pool(1);
  expect((await rejection(pool.apply(work.authkey as never, [authkey] as never))).message).toContain(
    'secret authkey',
  );
  await pool[Symbol.asyncDispose]();
  // On purpose it is: parts and copies are plain bytes.
  expect(authkey.slice(0, 4).constructor).toBe(Uint8Array);
});

test('what is no key, or comes too late, is refused', async () => {
  for (const value of ['text', 5, null])
    expect(
      thrown(() => {
        currentProcess().authkey = value as never;
      }),
    ).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  const child = new Process({ target: work.authkey });
  child.start();
  expect(
    thrown(() => {
      child.authkey = Buffer.from('late');
    }),
  ).toMatchObject({ code: 'ERR_FORKYARD_PROCESS_STATE' });
  await child.join();
});
