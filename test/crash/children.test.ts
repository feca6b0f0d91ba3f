// Children of a fork server, some of them: the long runs are test/stress/servers.test.ts.
import { test } from 'vitest';
import { expectDistinct, expectWorkingChildren } from './children.js';

test('50 children: all random numbers are distinct', async () => {
  await expectDistinct(50, 50_000);
});

test('30 children use everything of Node', async () => {
  await expectWorkingChildren(30, 50_000);
});
