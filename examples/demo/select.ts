// Which files the demo works on: the same ones at every run over the same folder.
import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface SelectedFile {
  readonly path: string;
  readonly bytes: number;
}

export interface Selection {
  /** The largest first: a long one at the end would leave all workers but one idle. */
  readonly files: readonly SelectedFile[];
  readonly bytes: number;
  /** How many files there are in the folder, and their bytes. */
  readonly found: number;
  readonly foundBytes: number;
  /** Left out, as one of them alone would keep a worker busy for most of the time. */
  readonly tooLarge: number;
  /** Chosen, but not readable. */
  readonly unreadable: number;
}

export interface SelectionLimits {
  readonly files: number;
  readonly bytes: number;
}

/** No file may be more than one part in so many of the bytes. */
const mostShare = 8;

/**
 * Regular files below the folder (links are not followed), of mixed size, within the limits. Each is read once, so that
 * both runs find it in the page cache.
 */
export function selectFiles(folder: string, limits: SelectionLimits): Selection {
  const all = filesBelow(folder);
  const usable = all.filter((file) => file.bytes <= limits.bytes / mostShare);
  const files: SelectedFile[] = [];
  let bytes = 0;
  let unreadable = 0;
  for (const file of mixed(usable, folder)) {
    if (files.length >= limits.files) break;
    if (bytes + file.bytes > limits.bytes) continue;
    if (canBeRead(file.path)) {
      files.push(file);
      bytes += file.bytes;
    } else {
      unreadable++;
    }
  }
  files.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
  return {
    files,
    bytes,
    found: all.length,
    foundBytes: sum(all),
    tooLarge: all.length - usable.length,
    unreadable,
  };
}

function filesBelow(folder: string): SelectedFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry: Dirent) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, bytes: statSync(path).size }));
}

/** An order that has nothing to do with names and sizes, in which a file has its place whatever else there is. */
function mixed(files: readonly SelectedFile[], folder: string): SelectedFile[] {
  const digest = ({ path }: SelectedFile): string =>
    createHash('sha1').update(relative(folder, path)).digest('hex');
  return files
    .map((file) => ({ file, digest: digest(file) }))
    .sort((a, b) => (a.digest < b.digest ? -1 : 1))
    .map(({ file }) => file);
}

function canBeRead(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

function sum(files: readonly SelectedFile[]): number {
  return files.reduce((total, { bytes }) => total + bytes, 0);
}
