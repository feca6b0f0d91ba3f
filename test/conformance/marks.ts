// Files through which a task that runs elsewhere and a test tell each other where they are: no sleeps, no guesses.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { until } from '../helpers/until.js';

const folder = mkdtempSync(join(tmpdir(), 'forkyard-marks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

export interface Mark {
  /** To be handed to a task, which appends a line (its pid) when it runs. */
  readonly path: string;
  /** The lines so far. */
  lines(): string[];
  /** Waits until there are so many lines. */
  reached(count?: number): Promise<string[]>;
  /** For a gate: lets those pass who wait for the file. */
  open(): void;
}

export function mark(): Mark {
  const path = join(folder, `mark-${made++}`);
  const lines = () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []);
  return {
    path,
    lines,
    reached: (count = 1) =>
      until(() => (lines().length >= count ? lines() : undefined), {
        what: () => `${count} lines in a mark; so far ${lines().length}`,
        timeoutMs: 20_000,
      }),
    open: () => writeFileSync(path, ''),
  };
}
