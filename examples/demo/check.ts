// Whether the results are right: both runs against each other, and a sample against another program.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { FileFacts } from './tasks.js';

const run = promisify(execFile);
const compared = ['bytes', 'sha256', 'gzipBytes', 'lines'] as const;

/** One line for each difference; empty if the runs agree in every file and field. */
export function differences(
  expected: ReadonlyMap<string, FileFacts>,
  actual: ReadonlyMap<string, FileFacts>,
): string[] {
  const paths = new Set([...expected.keys(), ...actual.keys()]);
  return [...paths].flatMap((path) => {
    const [one, other] = [expected.get(path), actual.get(path)];
    if (one === undefined || other === undefined) return [`${path}: only one run has it`];
    return compared
      .filter((field) => one[field] !== other[field])
      .map((field) => `${path}: ${field} is ${one[field]} in one run, ${other[field]} in the other`);
  });
}

/** Compares `size` files, chosen at random, with what the program sha256sum says of them. One line for each difference. */
export async function checkSample(
  facts: ReadonlyMap<string, FileFacts>,
  size: number,
): Promise<{ readonly checked: number; readonly wrong: string[] }> {
  const sample = pick([...facts.values()], size);
  const { stdout } = await run('sha256sum', ['--', ...sample.map(({ path }) => path)], {
    maxBuffer: 2 ** 24,
  });
  // A line begins with a backslash where the name that follows has one, or a line break.
  const sums = stdout.split('\n').map((line) => line.replace(/^\\/, '').slice(0, 64));
  const wrong = sample
    .filter(({ sha256 }, index) => sha256 !== sums[index])
    .map(({ path, sha256 }) => `${path}: sha256sum does not say ${sha256}`);
  return { checked: sample.length, wrong };
}

function pick<T>(list: T[], size: number): T[] {
  const rest = [...list];
  const picked: T[] = [];
  while (picked.length < size && rest.length > 0) {
    picked.push(...rest.splice(Math.floor(Math.random() * rest.length), 1));
  }
  return picked;
}
