// Nothing that a child has printed is lost at its end, whatever end that is, and however slow the reader.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { lines } from '../fixtures/process/printing.mjs';

const main = fileURLToPath(new URL('../fixtures/process/printing-main.mjs', import.meta.url));

// A piece at a time, with pauses: the pipe is full most of the time.
async function readSlowly(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += chunk;
    await sleep(2);
  }
  return text;
}

async function printedBy(way: string, method: string): Promise<Map<string, number>> {
  const env = { ...process.env, FORKYARD_START_METHOD: method };
  const child = spawn(process.execPath, [main, way], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = await Promise.all([readSlowly(child.stdout), readSlowly(child.stderr)]);
  const counts = new Map<string, number>();
  for (const [, name] of `${out}\n${err}`.matchAll(/^(\w+) \d+ x{120}$/gm)) {
    counts.set(name as string, (counts.get(name as string) ?? 0) + 1);
  }
  if (/uncaught/.test(way)) expect(err).toMatch(/Error: uncaught at the end\n/);
  return counts;
}

const poolsOfTwo = ['pool that is closed', 'pool that is terminated', 'pool that is left behind'];
const poolsOfOne = ['pool whose task exits', 'pool whose initializer fails'];
const targets = [
  'target that returns',
  'target that exits',
  'target that throws',
  'target that leaves an error uncaught',
  'target that prints at its exit',
  'target that handles SIGTERM',
  'target that exits, read by its parent',
  'target that prints at its exit, read by its parent',
  'target that leaves an error uncaught, read by its parent',
];

describe.each(['forkserver', 'spawn'])(
  'started by %s, what was printed to a slow reader is whole:',
  (method) => {
    test.each(poolsOfTwo)('by the tasks of a %s', async (way) => {
      expect(await printedBy(way, method)).toEqual(
        new Map([
          ['a', lines],
          ['b', lines],
        ]),
      );
    });
    test.each(poolsOfOne)('by a %s', async (way) => {
      expect(await printedBy(way, method)).toEqual(new Map([['a', lines]]));
    });
    test.each(targets)('by a %s', async (way) => {
      expect(await printedBy(way, method)).toEqual(new Map([['child', lines]]));
    });
    test('by a registered subclass', async () => {
      expect(await printedBy('registered subclass', method)).toEqual(new Map([['subclass', lines]]));
    });
  },
);
