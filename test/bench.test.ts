// The benchmark as it runs: every rival does each kind of work and is checked, words choose, reports are printed. How fast
// anybody is is no matter here. What scenarios find out is bench-scenarios.test.ts, what becomes of figures
// bench-report.test.ts.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { help, parseOptions, UsageError } from '../bench/options.js';
import { rivals } from '../bench/rivals/index.js';
import { type Rival, takesPart } from '../bench/rivals/rival.js';
import type { Sample, Settings } from '../bench/scenario.js';
import { scenarios } from '../bench/scenarios/index.js';
import { runScript } from './helpers/run-script.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const tiny: Settings = { workers: 2, measureMs: 20, warmUpMs: 1, scale: 0.002 };

/** One of each kind of call, encoding and closing. Forkyard and Python, whose side is written once more, do all. */
const kinds = [
  'objects',
  'errors',
  'map-100k',
  'payload-64k',
  'shared-64k',
  'cold-start',
  'process-joined',
  'skewed',
  'kills',
  'service-short-loaded',
];
const doAll = ['forkyard', 'forkyard-no-spin', 'python', 'python-executor'];

describe('trials', () => {
  beforeAll(async () => {
    // Transpiles bench/ into build/run/, where trial.js can then be started without the price of a compiler.
    expect((await runBench('--help')).exitCode).toBe(0);
  });

  test.each(rivals)(
    '$name does what it takes part in, and is found right',
    { timeout: 180_000 },
    async (rival) => {
      const names = scenarioNamesOf(rival).filter(
        (name) => doAll.includes(rival.name) || kinds.includes(name),
      );
      expect(names.length).toBeGreaterThan(0);
      const runLane = async (): Promise<void> => {
        for (let name = names.shift(); name !== undefined; name = names.shift())
          await runTrial(name, rival.name);
      };
      await Promise.all([runLane(), runLane()]);
    },
  );

  async function runTrial(scenario: string, rival: string): Promise<void> {
    const args = [scenario, rival, JSON.stringify(tiny)];
    const { stdout, stderr, exitCode } = await runScript(join(root, 'build/run/bench/trial.js'), { args });
    expect({ scenario, stderr, exitCode }).toEqual({ scenario, stderr: '', exitCode: 0 });
    const { value, details = {} } = JSON.parse(stdout) as Sample;
    for (const figure of [value, ...Object.values(details)])
      expect(figure, stdout).toEqual(expect.any(Number));
  }
});

test('a run shows each trial as it ends, then a table, and who was left out and why', async () => {
  const { stdout, stderr, exitCode } = await runBench(
    'imap',
    'python',
    'child_process',
    ...['--trials', '2', '--seconds', '0.02', '--scale', '0.01', '--no-save'],
  );
  expect(exitCode).toBe(0);
  for (const line of ['1/2 forkyard', '1/2 python', '2/2 python', '2/2 forkyard']) {
    expect(stderr).toContain(`imap ${line}: `);
  }
  // Its median is a number, not a dash.
  for (const name of ['forkyard', 'python']) {
    expect(stdout).toMatch(new RegExp(`^\\| ${name} [\\d.]+ +\\| processes \\| +\\d`, 'm'));
  }
  expect(stdout).toContain('- Left out: child_process: gives no iterator over results.');
  expect(stdout).toMatch(/^\| imap +\|/m);
});

test('a quick run prints one table with what was wanted', async () => {
  const { stdout, exitCode } = await runBench('latency', 'child_process', '--quick', '--seconds', '0.02');
  expect(exitCode).toBe(0);
  expect(stdout).not.toContain('###');
  expect(stdout).toMatch(/^\| latency .*\| at most 15 +\| [\d. ]+ µs +\| (Met|Missed)/m);
});

test('words choose scenarios, groups and rivals', () => {
  const chosen = parseOptions(['cold-start', 'map', 'child_process', '--trials', '2', '--seconds', '3']);
  expect(namesOf(chosen?.scenarios)).toEqual(['map-100k', 'map-1m', 'map-objects', 'imap', 'cold-start']);
  expect(namesOf(chosen?.rivals)).toEqual(['forkyard', 'child_process']);
  expect(chosen).toMatchObject({
    trials: 2,
    save: false,
    summaryOnly: false,
    settings: { workers: 2, measureMs: 3000, warmUpMs: 3000, scale: 1 },
  });
  const all = parseOptions([]);
  expect(namesOf(all?.scenarios)).toEqual(namesOf(scenarios));
  expect(namesOf(all?.rivals)).toEqual(namesOf(rivals));
  expect(all).toMatchObject({ trials: 3, save: true, settings: { measureMs: 1000 } });
});

test('a quick run takes less of everything but sizes, and neither it nor another scale is saved', () => {
  const quick = parseOptions(['--quick']);
  expect(quick).toMatchObject({
    trials: 1,
    save: false,
    summaryOnly: true,
    settings: { measureMs: 400, warmUpMs: 400, scale: 1 },
  });
  expect(namesOf(quick?.rivals)).toEqual(
    expect.arrayContaining(['forkyard', 'piscina', 'poolifier', 'python']),
  );
  // What is wanted of Forkyard is looked at: nothing that has a target is left out but other sizes of the same.
  const groupsWithTargets = scenarios.filter(({ targets }) => targets).map(({ group }) => group);
  expect(quick?.scenarios.map(({ group }) => group)).toEqual(expect.arrayContaining(groupsWithTargets));
  expect(parseOptions(['--scale', '0.5'])?.save).toBe(false);
});

test('help names every scenario and rival', () => {
  expect(parseOptions(['--help'])).toBeUndefined();
  for (const { name } of [...scenarios, ...rivals]) expect(help).toContain(name);
});

test('what is not known is an error that names what is', async () => {
  const wrong = [['--trials', '0'], ['--seconds', '-1'], ['--workers', '1.5'], ['--scale', 'x'], ['--fast']];
  for (const args of wrong) expect(() => parseOptions(args), args.join(' ')).toThrow(UsageError);
  const { exitCode, stderr } = await runBench('warm-start');
  expect(exitCode).toBe(2);
  expect(stderr).toContain("'warm-start' is neither a scenario nor a rival: one-by-one, ");
});

test('nobody is called by the name of another', () => {
  for (const names of [namesOf(scenarios), namesOf(rivals)]) expect(new Set(names).size).toBe(names.length);
  expect(namesOf(rivals).filter((name) => namesOf(scenarios).includes(name))).toEqual([]);
});

test('rivals are left out of what they cannot do, for a reason', () => {
  expect(takingPart('imap')).toEqual(['forkyard', 'python']);
  expect(takingPart('kills')).toEqual(['forkyard', 'workerpool', 'poolifier-cluster']);
  expect(takingPart('growth-workers')).toEqual(['forkyard', 'piscina']);
  expect(takingPart('payload-16m')).not.toContain('multiprocess-pool');
  expect(takingPart('shared-16m')).toEqual(expect.arrayContaining(['piscina', 'worker_threads', 'python']));
  expect(takingPart('shared-16m')).not.toContain('child_process');
  for (const { name } of rivals.filter(({ scenarios: only }) => only === undefined)) {
    expect(takingPart('one-by-one-1000')).toContain(name);
  }
});

function namesOf(list: readonly { readonly name: string }[] | undefined): string[] {
  return (list ?? []).map(({ name }) => name);
}

function scenarioNamesOf(rival: Rival): string[] {
  return namesOf(scenarios.filter((scenario) => takesPart(rival, scenario)));
}

function takingPart(scenarioName: string): string[] {
  return namesOf(rivals.filter((rival) => scenarioNamesOf(rival).includes(scenarioName)));
}

function runBench(...args: string[]) {
  return runScript(join(root, 'scripts/run.mjs'), { args: ['bench/run.ts', ...args], cwd: root });
}
