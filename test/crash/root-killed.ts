// Kills programs at random instants of a busy life and watches their families go. Used by root-killed.test.ts here, for a
// few, and by test/stress/, for many.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startScript } from '../helpers/run-script.js';
import { expectShmAsBefore } from '../helpers/shm-left.js';
import { type ProcessInfo, processesWithVariable, shmEntries } from '../helpers/system-state.js';

const markName = 'FORKYARD_DOOMED_FAMILY';
// A hang is found; how fast it was is reported.
const watchdogMs = 30_000;

export interface RootKill {
  readonly seed: number;
  /** Processes of the family just before, its root included. */
  readonly members: number;
  /** From the signal until nothing of the family was found any more. */
  readonly goneAfterMs: number;
  readonly left: readonly ProcessInfo[];
  readonly stderr: string;
}

export async function killRoot(seed: number, random: () => number): Promise<RootKill> {
  const mark = randomUUID();
  const shmBefore = shmEntries();
  await using root = startScript(new URL('../fixtures/stress/doomed-root.mjs', import.meta.url), {
    env: { FORKYARD_STRESS_SEED: String(seed), [markName]: mark },
  });
  const family = () => processesWithVariable(markName, mark);
  // Often while its first children are being started.
  await root.waitForOutput(/ready/);
  await sleep(random() ** 2 * 2500);
  const members = family().length;
  const killedAt = performance.now();
  root.kill('SIGKILL');
  let left = family();
  while (left.length > 0 && performance.now() - killedAt < watchdogMs) {
    await sleep(2);
    left = family();
  }
  const goneAfterMs = performance.now() - killedAt;
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  const { stderr } = await root.ended;
  await expectShmAsBefore(shmBefore);
  return { seed, members, goneAfterMs, left, stderr };
}

/** Kills as many one after the other; prints how long their families took to go. */
export async function killRoots(count: number, seed: number): Promise<RootKill[]> {
  const random = randomOf(seed);
  const kills: RootKill[] = [];
  for (let i = 0; i < count; i++) kills.push(await killRoot(Math.floor(random() * 2 ** 31), random));
  const times = kills.map(({ goneAfterMs }) => goneAfterMs).sort((a, b) => a - b);
  const at = (share: number) =>
    `${Math.round(times[Math.min(times.length - 1, Math.floor(share * times.length))])} ms`;
  const overASecond = times.filter((ms) => ms > 1000).length;
  console.log(
    `root killed ${count} times, ${kills.reduce((sum, { members }) => sum + members, 0)} processes: all gone after ` +
      `${at(0)} at least, ${at(0.5)} median, ${at(0.9)} p90, ${at(0.99)} p99, ${at(1)} at most; ` +
      `later than a second: ${overASecond}`,
  );
  return kills;
}

/** mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
