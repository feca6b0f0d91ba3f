// A child has the limits that its parent has when it is started, and shows nobody what the parent has deleted.
import { expect, test } from 'vitest';
import { runScript } from '../helpers/run-script.js';

test.each(['forkserver', 'spawn'])(
  '%s: limits and oom_score_adj are those of the parent at the start; /proc shows no deleted variable',
  async (method) => {
    const { stdout, stderr, exitCode } = await runScript(
      new URL('../fixtures/limits/inherited.mjs', import.meta.url),
      {
        args: [method],
        env: { SECRET: 'a-deleted-secret', KEPT: 'kept' },
      },
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const children = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(children).toHaveLength(3);
    for (const child of children) {
      expect(child).toMatchObject({ oom: '321', secret: null, kept: 'kept' });
      expect(child.environ).not.toContain('a-deleted-secret');
      expect(child.limits).toMatch(/^Max core file size +4096 +8192/m);
      // Node raises the soft limit of descriptors to the hard one when it starts.
      expect(child.limits).toMatch(
        method === 'spawn' ? /^Max open files +1000 +1000/m : /^Max open files +500 +1000/m,
      );
      expect(child.limits).toMatch(/^Max stack size +4194304 /m);
    }
  },
);
