// The process warnings of a test file: leak-check.ts fails the file for each that no test has taken.
// (What a child prints on its standard error is not here: see run-script.ts.)
import { until } from './until.js';

const warnings: Error[] = [];

/** Called once per test file, by leak-check.ts. */
export function watchWarnings(): void {
  process.on('warning', (warning) => warnings.push(warning));
}

/** For a test that provokes a warning: resolves with it, and it no longer counts against the file. */
export async function takeWarning(
  isExpected: (warning: Error & { code?: string }) => boolean,
): Promise<Error> {
  const index = await until(() => warnings.findIndex(isExpected) + 1, {
    what: 'the expected process warning',
  });
  return warnings.splice(index - 1, 1)[0];
}

export function unexpectedWarnings(): readonly Error[] {
  return warnings;
}
