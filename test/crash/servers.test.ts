// The fork server dies at every step of a start, and at random: each start happens once.
import { expect, test } from 'vitest';
import { crashAddonEnv } from '../helpers/crash-addon.js';
import { type ServersReport, strikeServers } from './servers.js';
import { crashPoint, reportOf } from './support.js';

test('30 kills and 6 stops of servers: every start happens once', async () => {
  await strikeServers(30, 6, 50_000);
});

interface PointReport extends Pick<ServersReport, 'started' | 'wrong' | 'children'> {
  readonly serverDeaths: number;
  readonly spareDeaths: number;
}

async function startsWhileDyingAt(point: string, hitsBefore: number): Promise<PointReport> {
  const args = [crashPoint(point), `${hitsBefore}`];
  const report = await reportOf<PointReport>('crash/server-at-point.mjs', { args, env: crashAddonEnv() });
  expect(report).toMatchObject({ wrong: [], children: [] });
  expect(report.started).toBeGreaterThanOrEqual(24);
  return report;
}

test.each([
  ['kForkRequested', 2],
  ['kForked', 2],
  ['kForkArmed', 2],
  ['kForkReplied', 2],
  ['kSpareMade', 1],
  ['kSpareOffered', 1],
] as const)('servers killed at %s, again and again: every start happens once', async (point, hitsBefore) => {
  const { serverDeaths } = await startsWhileDyingAt(point, hitsBefore);
  expect(serverDeaths, 'the point was reached').toBeGreaterThan(2);
});

test.each(['kSpareAsked', 'kSpareBegins'])(
  'each spare killed at %s: every start happens once',
  async (point) => {
    const { spareDeaths } = await startsWhileDyingAt(point, 0);
    expect(spareDeaths, 'the point was reached').toBeGreaterThan(2);
  },
);
