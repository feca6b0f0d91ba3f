// Who is compared: each a command that reads a file of lines and writes one result a line to standard output.
// How they are measured is measure.ts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPackage } from '../rivals/find-package.js';

export interface CommandRival {
  readonly name: string;
  readonly note: string;
  readonly inOrder: boolean;
  readonly command: readonly string[];
}

/** Those that are installed. */
export function commandRivals(input: string, workers: number): CommandRival[] {
  const { execPath } = process;
  const cli = join(findPackage('forkyard').folder, 'lib/cli/main.js');
  const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const map = [execPath, cli, 'map', '--workers', `${workers}`];
  const target = `${script('parse-line.js')}#parseLine`;
  const jobs = `${workers}`;
  const all: CommandRival[] = [
    { name: 'forkyard map', note: '', inOrder: true, command: [...map, target, input] },
    { name: 'forkyard map --unordered', note: '', inOrder: false, command: [...map, '-u', target, input] },
    {
      name: `parallel --pipe -k -j${jobs}`,
      note: 'blocks of 10 MB to new Node processes',
      inOrder: true,
      command: [
        'parallel',
        '--pipe',
        '-k',
        `-j${jobs}`,
        '--block',
        '10M',
        '-a',
        input,
        execPath,
        script('serial-readline.js'),
      ],
    },
    {
      name: `xargs -P${jobs} -n20000`,
      note: 'a new Node process for each 20 000 lines at most',
      inOrder: false,
      // Its own limit on the length of a command would be 128 KiB, some 1300 lines.
      command: [
        'xargs',
        '-a',
        input,
        '-d',
        '\\n',
        `-P${jobs}`,
        '-n20000',
        '-s1900000',
        execPath,
        script('each-argument.js'),
      ],
    },
    {
      name: 'readline, one process',
      note: "'line' events",
      inOrder: true,
      command: [execPath, script('serial-readline.js'), input],
    },
    {
      name: 'for await, one process',
      note: 'over readline',
      inOrder: true,
      command: [execPath, script('serial-for-await.js'), input],
    },
  ];
  return all.filter(
    ({ command: [program] }) => spawnSync(program as string, ['--version']).error === undefined,
  );
}
