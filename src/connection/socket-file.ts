// The file of a Unix socket: made so that at no moment anybody but its owner can connect, never over another one, and removed
// when its listener is closed or the program ends in order.
import { chmodSync, closeSync, linkSync, lstatSync, mkdtempSync, openSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { ResourceError } from '../errors.js';
import { loadAddon } from '../native/load.js';
import { maxPathBytes } from './address.js';

const ownerOnly = 0o600;
const nameInFolder = 'listener';

/**
 * Has `bind` make a socket under a path of its own, and gives it the path `address`. The umask would do, were it not the whole process's;
 * so the socket is made in a folder that only its owner can enter. Throws `EEXIST` if there is something already. Undefined
 * if `bind` returns false: there is no socket.
 */
export function placeSocket(address: string, bind: (path: string) => boolean): SocketFile | undefined {
  // The program may go elsewhere before the file is removed.
  const path = resolve(address);
  const folder = mkdtempSync(join(dirname(path), '.forkyard-'));
  // By its descriptor, since the path of a socket must be short.
  const descriptor = openSync(folder, 'r');
  // Node removes, when the server is closed, what then has that name: by that time the number may be another folder's.
  const name = `socket-of${basename(folder)}`;
  const own = join(folder, name);
  try {
    if (!bind(`/proc/self/fd/${descriptor}/${name}`)) return undefined;
    chmodSync(own, ownerOnly);
    linkSync(own, path);
    return new SocketFile(path);
  } finally {
    rmSync(own, { force: true });
    closeSync(descriptor);
    rmdirSync(folder);
  }
}

/** A path in a new folder that only its owner can enter. `ResourceError` if there cannot be one. */
export function privatePath(): string {
  const prefix = join(tmpdir(), 'forkyard-');
  const path = join(folderIn(prefix), nameInFolder);
  privatePaths.add(path);
  return path;
}

function folderIn(prefix: string): string {
  const impossible = `new Listener: there can be no socket in the folder for temporary files, '${tmpdir()}'`;
  const remedy = 'set TMPDIR to another one, or give an address';
  if (Buffer.byteLength(join(`${prefix}XXXXXX`, nameInFolder)) > maxPathBytes)
    throw new ResourceError(`${impossible}: its path is too long; ${remedy}`);
  try {
    return mkdtempSync(prefix);
  } catch (cause) {
    throw new ResourceError(`${impossible} (${(cause as { code?: string }).code}); ${remedy}`, { cause });
  }
}

/** A socket's file, to be removed by whoever made it. */
export class SocketFile {
  readonly #path: string;
  readonly #inode: bigint | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#inode = inodeOf(path);
    if (files.size === 0) process.once('exit', removeAll);
    files.add(this);
  }

  /** Not if another one is there by now. */
  remove(): void {
    files.delete(this);
    if (files.size === 0) process.off('exit', removeAll);
    if (inodeOf(this.#path) !== this.#inode) return;
    rmSync(this.#path, { force: true });
    if (privatePaths.delete(this.#path)) removeFolder(dirname(this.#path));
  }
}

const files = new Set<SocketFile>();
const privatePaths = new Set<string>();

function removeAll(): void {
  for (const file of [...files]) {
    try {
      file.remove();
    } catch {
      // Nobody is there any more to be told.
    }
  }
}

// What others have put there is theirs.
function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOTEMPTY') throw error;
  }
}

/** Whether nobody listens at the socket `path`, whose program must have been killed. Whoever listens does not notice. */
export function isStale(path: string): boolean {
  try {
    return lstatSync(path).isSocket() && !loadAddon().isSocketBound(path);
  } catch {
    return false;
  }
}

function inodeOf(path: string): bigint | undefined {
  return lstatSync(path, { throwIfNoEntry: false, bigint: true })?.ino;
}
