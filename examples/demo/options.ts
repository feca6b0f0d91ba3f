// The command line of the demo.
import { parseArgs } from 'node:util';

export interface DemoOptions {
  readonly folder: string | undefined;
  readonly files: number;
  readonly workers: number | undefined;
}

export class UsageError extends Error {}

export const help = `Works through real files twice, once in this process and once with a pool of processes,
and shows what the pool gains. Of each file: SHA-256, size after gzip (level 6), number of lines.

npm run demo                              the files of node_modules
npm run demo -- --folder /usr/share/doc   those of another folder
npm run demo -- --workers 4 --files 500

--folder PATH   where to look for files, in subfolders as well (default: node_modules of this package)
--files N       at most so many files (default 4000), and never more than 120 MB of them
--workers N     processes in the pool (default: the CPUs that this program may use)
--help          this text

It fails (exit code 1) if the two runs differ in any file, or if sha256sum says otherwise.`;

/** Undefined if only help is wanted. Throws `UsageError`. */
export function parseOptions(args: string[]): DemoOptions | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  return {
    folder: values.folder,
    files: wholeNumber('files', values.files),
    workers: values.workers === undefined ? undefined : wholeNumber('workers', values.workers),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        folder: { type: 'string' },
        files: { type: 'string', default: '4000' },
        workers: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new UsageError(`--${name} must be a whole number of at least 1, not '${text}'`);
  return Number(text);
}
