// How a worker reads the modules of its tasks: Node's loader would start four threads for it.
import { expect, test } from 'vitest';
import { Process } from '../../lib/index.js';
import { found } from '../fixtures/tasks/reads.mjs';

test.each(['forkserver', 'spawn'] as const)(
  '%s: what a module reads while it is imported',
  async (startMethod) => {
    await using child = new Process({
      target: found,
      startMethod,
      env: { ...process.env, UV_THREADPOOL_SIZE: '3' },
    });
    child.start();
    expect(await child.result).toEqual({
      isOwnText: true,
      missing: ['ENOENT', 'open'],
      throughPipe: 'later',
      // In a fork nobody had needed one before; a spawned process is Node's own affair.
      threadsStarted: startMethod === 'forkserver' ? 3 : expect.any(Number),
    });
  },
);
