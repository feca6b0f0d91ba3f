// `forkyard map` as a user writes it: options, help, examples. What it does is map.ts; how options are combined, settings.ts.
import { Command, Option } from 'commander';
import { cpus, duration, wholeNumber } from '../option-values.js';
import { runMap } from './map.js';
import { type GivenOptions, resolveSettings } from './settings.js';

/** `onEnd` is given the exit status. */
export function mapCommand(onEnd: (status: number) => void): Command {
  const command = new Command('map')
    .summary('run a function over the lines of standard input or files, on all cores')
    .description(
      'Calls the function <export> of <module> (default: its default export) for each line of the files, or of ' +
        'standard input, in as many processes as there are CPUs. Results are written in the order of the input.',
    )
    .usage('[options] <module>#<export> [file...]')
    .argument('<function>', '<module>#<export>: a path such as ./tasks.js#parse, or the name of a package')
    .argument('[file...]', 'input; - or none is standard input')
    .helpOption('-h, --help', 'this text')
    .addHelpText('after', examples);
  for (const option of options()) command.addOption(option);
  return command.action(async (target: string, files: string[], given: GivenOptions) => {
    onEnd(await runMap(resolveSettings(target, files, given)));
  });
}

function options(): Option[] {
  const number = (flags: string, text: string, least: number, most: number): Option =>
    new Option(flags, text).argParser(wholeNumber(least, most));
  return [
    number('-w, --workers <n>', 'number of processes (default: the CPUs that may be used)', 1, 4000),
    new Option(
      '--cpus <list>',
      'where they run: 0-3,5 for all of them, spread or compact for one CPU each',
    ).argParser(cpus),
    number('--priority <nice>', 'nice value of the workers, -20 to 19', -20, 19),
    new Option('--lines', 'results must be strings, numbers, BigInts or booleans').conflicts('json'),
    new Option('--json', 'each line is JSON, and so is each result (NDJSON)'),
    new Option('-u, --unordered', 'write results as they are ready'),
    new Option('-k, --keep-going', 'go on after a line that fails or a file that cannot be read'),
    number('--retries <n>', 'how often a line that fails is tried again (default: 0)', 0, 1000),
    new Option(
      '--timeout <time>',
      'how long a line may take: 500ms, 5s, 2m; a bare number is milliseconds',
    ).argParser(duration),
    number('--concurrency <n>', 'asynchronous calls that one worker overlaps (default: 1)', 1, 100_000),
    number(
      '--chunk-size <n>',
      'lines that travel to a worker together (default: about 20 ms of work)',
      1,
      10_000_000,
    ),
    new Option('--init <module#export>', 'a function that each worker calls once, before all lines'),
    new Option('--progress', 'show on standard error how far it is'),
  ];
}

const examples = `
Without --json a line is given as a string; a result that is a string is written as it is, any other as JSON.

Examples:
  # what each line of a log says, as JSON, on all cores
  forkyard map ./tasks.js#parse access.log > access.ndjson

  # tasks.js
  export const parse = (line) => ({ ip: line.split(' ')[0], bytes: Number(line.split(' ')[9]) });

  # compressed input, as it comes; head ends it early
  zcat *.gz | forkyard map ./tasks.js#parse | head

  # NDJSON in and out; what fails is reported with file and line, and left out
  forkyard map --json --keep-going ./tasks.js#convert a.ndjson b.ndjson > out.ndjson

  # 50 requests at once in each of 4 workers, 5 seconds for each, two more attempts
  forkyard map -w 4 --concurrency 50 --timeout 5s --retries 2 ./tasks.js#fetchTitle urls.txt

  # in the background of a busy machine
  forkyard map --cpus compact --priority 19 --progress ./tasks.js#resize files.txt

Exit status: 0; 1 if a line failed or a file could not be read; 2 for wrong usage; 130 after Ctrl-C (once: finishes what
is under way; twice: stops at once); 141 when nobody reads the output any more; 143 after SIGTERM.`;
