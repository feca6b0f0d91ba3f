// Prints "N passed, N failed" for what test runs have written: `node scripts/summarise-tests.mjs <vitest.json>... <native.json>`.
// Ends with 1 when something failed or when there are no results to count.
import { existsSync, readFileSync } from 'node:fs';

const files = process.argv.slice(2);
const nativeFile = files.pop() ?? '';
const counts = [...files.map(vitestCounts), nativeCounts(nativeFile)].filter((part) => part !== undefined);

if (counts.length === 0) {
  console.log('no test was run');
  process.exitCode = 1;
} else {
  const passed = counts.reduce((sum, part) => sum + part.passed, 0);
  const failed = counts.reduce((sum, part) => sum + part.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/**
 * A file that fails outside its tests (it cannot be loaded, it left something behind) is one failure more.
 * @param {string} path
 */
function vitestCounts(path) {
  if (!existsSync(path)) return undefined;
  const report = JSON.parse(readFileSync(path, 'utf8'));
  /** @param {{ status: string, assertionResults: { status: string }[] }} file */
  const failedAsWhole = (file) =>
    file.status === 'failed' && !file.assertionResults.some((result) => result.status === 'failed');
  const failedFiles = report.testResults.filter(failedAsWhole).length;
  const failed = report.numFailedTests + failedFiles;
  return { passed: report.numPassedTests, failed: failed === 0 && !report.success ? 1 : failed };
}

/** @param {string} path */
function nativeCounts(path) {
  if (!existsSync(path)) return undefined;
  const { passed, failed } = JSON.parse(readFileSync(path, 'utf8'));
  return { passed, failed };
}
