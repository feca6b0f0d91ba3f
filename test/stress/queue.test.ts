// FORKYARD_STRESS_KILLS (default 1000) producers and consumers of a queue killed at random instants, half of them at each of two kinds.
import { expect, test } from 'vitest';
import { killAtAQueue } from '../crash/queue-kills.js';

const kills = Math.ceil(Number(process.env.FORKYARD_STRESS_KILLS ?? 1000) / 2);

test.each(['joinable', 'bounded'] as const)(
  `${kills} kills of producers and consumers (%s)`,
  async (kind) => {
    const report = await killAtAQueue(kind, kills, 1_700_000);
    expect(report.lost).toBeGreaterThan(0);
  },
);
