// The package in worker threads: each is a member of its own, and its slot comes back however the thread ends.
import { expect, test } from 'vitest';
import { runScript } from '../helpers/run-script.js';

const fixture = (path: string) => new URL(`../fixtures/family/${path}`, import.meta.url);

test.each(['main-too', 'threads-only'])(
  'eight threads load it and end, twelve times over: %s',
  async (mode) => {
    const { stdout, stderr, exitCode, signal } = await runScript(fixture('loading.mjs'), { args: [mode] });
    expect({ exitCode, signal, stderr }).toEqual({ exitCode: 0, signal: null, stderr: '' });
    expect(JSON.parse(stdout)).toEqual([['alive', true]]);
  },
);

test.each([1, 4711])(
  'threads with pools are terminated at random, seed %d: the slots come back',
  async (seed) => {
    const { stdout, stderr, exitCode, signal } = await runScript(fixture('threads.mjs'), {
      args: ['2', String(seed)],
    });
    expect({ exitCode, signal, stderr }).toEqual({ exitCode: 0, signal: null, stderr: '' });
    const { before, after, left, works } = JSON.parse(stdout);
    expect(left).toEqual([]);
    expect(after).toBe(before);
    expect(works).toBe(25);
  },
);
