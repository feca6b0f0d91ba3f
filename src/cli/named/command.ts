// `forkyard shm` and `forkyard sem` as a user writes them: options, help, examples. What is found is entries.ts.
import { Command, Option } from 'commander';
import { exitStatus, UsageError } from '../exit-status.js';
import { findEntries } from './entries.js';
import type { Kind } from './kinds.js';
import { removeNamed, removeOrphaned } from './remove.js';
import { jsonOf, tableOf } from './show.js';

/** `onEnd` is given the exit status. */
export function namedCommand(kind: Kind, onEnd: (status: number) => void): Command {
  return new Command(kind.command)
    .summary(`list the ${kind.plural} of this machine, remove what was left`)
    .description(
      `The ${kind.plural} of this machine (in /dev/shm): what there is, whose it is, and away with it.`,
    )
    .helpOption('-h, --help', 'this text')
    .helpCommand(false)
    .addHelpText('after', overviewOf(kind))
    .addCommand(listCommand(kind, onEnd))
    .addCommand(removeCommand(kind, onEnd));
}

function listCommand(kind: Kind, onEnd: (status: number) => void): Command {
  return new Command('ls')
    .summary('what there is')
    .description(`Lists all ${kind.plural}, whichever program made them.`)
    .helpOption('-h, --help', 'this text')
    .addOption(new Option('--json', 'an array of objects'))
    .addHelpText('after', columnsOf(kind))
    .action(({ json }: { json?: true }) => {
      const entries = findEntries(kind);
      process.stdout.write(json ? jsonOf(kind, entries) : tableOf(kind, entries));
      onEnd(exitStatus.ok);
    });
}

function removeCommand(kind: Kind, onEnd: (status: number) => void): Command {
  return new Command('rm')
    .summary('removes names')
    .description(
      'Removes names, and prints which. Never what somebody uses: what a process has, or what belongs to a family that is ' +
        'alive. Who has one goes on with it; the name is free.',
    )
    .helpOption('-h, --help', 'this text')
    .argument('[name...]', `as ${'`'}forkyard ${kind.command} ls${'`'} shows them`)
    .addOption(
      new Option('--orphaned', 'all that dead families of Forkyard left and nobody has').conflicts('force'),
    )
    .addOption(new Option('--force', 'also what somebody uses'))
    .addHelpText('after', '\nExit status: 0; 1 if something was not removed; 2 for wrong usage.')
    .action((names: string[], { orphaned, force }: { orphaned?: true; force?: true }) => {
      if (orphaned && names.length > 0) throw usage(kind, 'give names or --orphaned, not both');
      if (!orphaned && names.length === 0) throw usage(kind, 'give the names to remove, or --orphaned');
      onEnd(orphaned ? removeOrphaned(kind) : removeNamed(kind, names, force === true));
    });
}

function usage(kind: Kind, message: string): UsageError {
  return new UsageError(`${kind.command} rm`, message);
}

function overviewOf({ command }: Kind): string {
  return `
A family removes what it has made when it ends. A root that is killed cannot: then it is found here.

Examples:
  forkyard ${command} ls
  forkyard ${command} rm --orphaned
  forkyard ${command} ls --json`;
}

function columnsOf({ measure }: Kind): string {
  const meaning = measure.heading === 'size' ? 'of the whole' : 'the permits that are left';
  return `
  ${measure.heading.toUpperCase().padEnd(7)}  ${meaning}
  MADE     in UTC
  USED BY  processes that have it mapped or open, as far as you may see them
  OWNER    the root of the family that made it, and removes it when it ends: lives; dead (orphaned, if nobody uses it);
           elsewhere (in another container). unknown: made by another program, or not tracked, or Linux is older than 6.6`;
}
