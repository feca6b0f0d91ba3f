#!/usr/bin/env node
// The command line: finds the command, and turns wrong usage into status 2 with a line that says what is wrong.
// What the commands do is in a folder each.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitStatus, UsageError } from './exit-status.js';
import { mapCommand } from './map/command.js';
import { namedCommand } from './named/command.js';
import { semaphores, sharedMemory } from './named/kinds.js';

// Somebody who reads what we print may be gone before we are; what that means is decided where it is written.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
end(await main(process.argv));

async function main(argv: string[]): Promise<number> {
  let status: number = exitStatus.ok;
  const program = new Command('forkyard')
    .description('Functions on all cores, from the command line.')
    .version(version())
    .addHelpText('after', '\nSee forkyard <command> --help.')
    .helpCommand(false);
  const onEnd = (ended: number): void => {
    status = ended;
  };
  program.addCommand(mapCommand(onEnd));
  for (const kind of [sharedMemory, semaphores]) program.addCommand(namedCommand(kind, onEnd));
  refineErrors(program);
  try {
    await program.parseAsync(argv);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`forkyard ${error.command}: ${error.message}\n`);
    return exitStatus.usage;
  }
}

function refineErrors(command: Command, above = ''): void {
  const name = `${above}${command.name()}`;
  command.exitOverride().configureOutput({
    outputError: (text, write) =>
      write(`${text.replace(/^error: /, `${name}: `).trimEnd()}\nSee ${name} --help\n`),
  });
  for (const part of command.commands) refineErrors(part, `${name} `);
}

function version(): string {
  const path = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

// Not process.exitCode: an input that nobody reads any more may still be open. What was written is out before.
function end(status: number): void {
  process.stderr.write('', () => process.exit(status));
}
