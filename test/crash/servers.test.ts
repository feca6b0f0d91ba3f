// The fork server dies at every step of a start, and at random: each start happens once.
import { expect, test } from 'vitest';
import { crashAddonEnv } from '../helpers/crash-addon.js';
import { type ServersReport, strikeServers } from './servers.js';
import { crashPoint, reportOf } from './support.js';

test('30 kills and 6 stops of servers: every start happens once', async () => {
  await strikeServers(30, 6, 50_000);
});

test.each(['kForkRequested', 'kForked', 'kForkArmed', 'kForkReplied'])(
  'killed at %s, again and again: every start happens once',
  async (point) => {
    const args = [crashPoint(point)];
    const report = await reportOf<Pick<ServersReport, 'started' | 'wrong' | 'children'> & { deaths: number }>(
      'crash/server-at-point.mjs',
      { args, env: crashAddonEnv() },
    );
    expect(report).toMatchObject({ started: 12, wrong: [], children: [] });
    expect(report.deaths, 'the point was reached').toBeGreaterThan(2);
  },
);
