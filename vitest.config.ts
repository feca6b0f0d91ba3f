// How the suite runs: on the built lib/, each file in a process of its own, with the leak checks of test/helpers/.
// `--mode stress` runs test/stress/, `--mode fuzz` test/fuzz/ (in the suite with fewer cases), `--mode architecture` only what reads
// the sources (part of `npm run check`).
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const suites = {
  architecture: { include: ['test/architecture.test.ts'], exclude: [] },
  fuzz: { include: ['test/fuzz/**/*.test.ts', 'test/serialize/hostile.test.ts'], exclude: [] },
  stress: { include: ['test/stress/**/*.test.ts'], exclude: [] },
  test: { include: ['test/**/*.test.ts'], exclude: ['test/stress/**', 'test/fixtures/**'] },
};

// Where the results go as JSON, beside what is printed.
const resultsFile = process.env.FORKYARD_TEST_RESULTS || undefined;

export default defineConfig(({ mode }) => {
  const readsSourcesOnly = mode === 'architecture';
  const isStress = mode === 'stress';
  const isLong = isStress || mode === 'fuzz';
  return {
    test: {
      ...(suites[mode as keyof typeof suites] ?? suites.test),
      globalSetup: readsSourcesOnly ? [] : ['test/helpers/global-setup.ts'],
      setupFiles: readsSourcesOnly ? [] : ['test/helpers/leak-check.ts'],
      pool: 'forks',
      isolate: true,
      // Most files start processes of their own, so more workers would only take turns.
      maxWorkers: isStress ? 1 : Math.min(2, availableParallelism()),
      // Watchdogs against hangs, far above what any test takes; no test says how fast something is.
      testTimeout: isLong ? 1_800_000 : 60_000,
      hookTimeout: 60_000,
      teardownTimeout: 30_000,
      // What is published is what is tested: Node loads it, Vite does not transform it.
      server: { deps: { external: [/\/lib\/.*\.js$/] } },
      reporters: resultsFile === undefined ? ['default'] : ['default', ['json', { outputFile: resultsFile }]],
    },
  };
});
