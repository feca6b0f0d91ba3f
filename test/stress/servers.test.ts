// The long runs of the fork server: killed and stopped while it starts processes; random numbers in its children; and
// everything of Node in ten thousand of them. FORKYARD_STRESS_CHILDREN for another number. Short ones run with the suite.
import { expect, test } from 'vitest';
import { expectDistinct, expectWorkingChildren } from '../crash/children.js';
import { strikeServers } from '../crash/servers.js';

test('500 kills and 100 stops of servers during starts: every start happens once', async () => {
  const { started, statuses, elapsedMs } = await strikeServers(500, 100, 1_700_000);
  console.log(`${started} starts in ${elapsedMs} ms; ${JSON.stringify(statuses)}`);
});

test('1,000 children: all random numbers are distinct', async () => {
  const numbers = await expectDistinct(1000, 600_000);
  expect(numbers).toBeGreaterThan(15_000);
});

test('10,000 children use everything of Node', async () => {
  const elapsedMs = await expectWorkingChildren(
    Number(process.env.FORKYARD_STRESS_CHILDREN ?? 10_000),
    1_700_000,
  );
  console.log(`${elapsedMs} ms`);
});
