// Opens what is read: files and standard input, as streams of bytes with the name that messages use.
// What is done with the bytes is reader.ts.
import { createReadStream, fstatSync, open, type Stats, stat } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isatty, ReadStream } from 'node:tty';
import { promisify } from 'node:util';

export interface Source {
  /** For messages. */
  readonly name: string;
  open(): Promise<Readable>;
  /** In bytes, if that can be known before. */
  size(): Promise<number | undefined>;
}

const standardInput = 0;
const readSize = 2 ** 17;

export function sourceOf(file: string): Source {
  return file === '-'
    ? {
        name: '<stdin>',
        open: async () => openStandardInput(),
        size: async () => sizeOf(fstatSync(standardInput)),
      }
    : { name: file, open: () => openFile(file), size: async () => sizeOf(await promisify(stat)(file)) };
}

async function openFile(file: string): Promise<Readable> {
  const fd = await promisify(open)(file, 'r');
  const stats = fstatSync(fd);
  // A read of a pipe or terminal that is under way in libuv's pool would hold up the end of the program.
  if (stats.isFIFO()) return new Socket({ fd, readable: true, writable: false });
  if (isatty(fd)) return new ReadStream(fd);
  return createReadStream(file, { fd, highWaterMark: readSize });
}

function openStandardInput(): Readable {
  const stats = fstatSync(standardInput);
  // Of a folder, Node's own would be empty; this one fails as it should.
  if (!stats.isFile() && !stats.isDirectory()) return process.stdin;
  return createReadStream('', { fd: standardInput, highWaterMark: readSize, autoClose: false });
}

function sizeOf(stats: Stats): number | undefined {
  return stats.isFile() ? stats.size : undefined;
}
