// When the root is gone, so is everything below it: busy, asleep, stopped, two levels down.
import { expect, test } from 'vitest';
import { mark } from '../conformance/marks.js';
import { startScript } from '../helpers/run-script.js';
import { expectShmAsBefore } from '../helpers/shm-left.js';
import { processInfo, shmEntries } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';

const isOver = (pid: number) => [undefined, 'Z'].includes(processInfo(pid)?.state);

test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('%s of the root', async (signal) => {
  const before = shmEntries();
  const mine = mark();
  await using root = startScript(new URL('../fixtures/family/root.mjs', import.meta.url), {
    args: [mine.path],
  });
  const [, list] = await root.waitForOutput(/pids ([\d ]+)\n/);
  const pids = (list as string).split(' ').map(Number);
  expect(pids).toHaveLength(6);
  await mine.reached(3);
  for (const pid of pids) expect(isOver(pid)).toBe(false);
  process.kill(pids[0] as number, 'SIGSTOP');
  root.kill(signal);
  expect(await root.ended).toMatchObject({ signal, timedOut: false });
  await until(() => pids.every(isOver), { what: () => `the end of ${pids.filter((pid) => !isOver(pid))}` });
  await expectShmAsBefore(before);
});
