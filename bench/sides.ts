// Programs that measure the same, each in its own way, and print their figures as JSON: run by turns, so that what disturbs the
// machine disturbs all; then a table of the medians.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeMachine, type Machine } from './machine.js';
import { findPackage } from './rivals/find-package.js';
import { median } from './scenario.js';

/** Figures by name; a side leaves out what it does not have. */
export type Figures = Readonly<Record<string, number>>;

export interface Side {
  readonly name: string;
  readonly command: string;
  /** Relative to the caller's module. */
  readonly program: string;
}

export interface Trials {
  readonly machine: Machine;
  /** Of each side, in the order given, what each trial measured. */
  readonly measured: readonly (readonly Figures[])[];
}

export async function measureByTurns(
  base: string,
  sides: readonly Side[],
  { trials, args }: { readonly trials: number; readonly args: readonly string[] },
): Promise<Trials> {
  const machine = describeMachine();
  const measured = sides.map((): Figures[] => []);
  for (let trial = 0; trial < trials; trial++) {
    for (const [index, { name, command, program }] of sides.entries()) {
      console.error(`trial ${trial + 1} of ${trials}: ${name}`);
      const path = fileURLToPath(new URL(program, base));
      const { stdout } = await promisify(execFile)(command, [path, ...args]);
      (measured[index] as Figures[]).push(JSON.parse(stdout) as Figures);
    }
  }
  return { machine, measured };
}

/** The median; undefined of what the side does not have. */
export function medianOf(trials: readonly Figures[], name: string): number | undefined {
  const values = trials.map((figures) => figures[name]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

/** Prints the table, and writes it to bench/results/ unless that is not wanted. */
export function report(
  name: string,
  {
    title,
    table,
    trials,
    settings,
  }: { title: string; table: string; trials: Trials; settings: { save: boolean } },
): void {
  const { cpu, cpus, kernel, node, commit, date, loadBefore } = trials.machine;
  const about =
    `Medians of ${trials.measured[0]?.length} trials by turns. ${cpu}, ${cpus} CPUs, ${kernel}, Node ${node}, ` +
    `commit ${commit}, ${date.slice(0, 10)}; load before: ${loadBefore}.`;
  const text = `### ${title}\n\n${table}\n\n${about}`;
  console.log(text);
  if (!settings.save) return;
  const path = join(findPackage('forkyard').folder, 'bench/results', name);
  writeFileSync(`${path}.md`, `${text}\n`);
  writeFileSync(`${path}.json`, `${JSON.stringify({ settings, ...trials }, null, 2)}\n`);
}
