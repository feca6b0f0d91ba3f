// The standard streams of a child that somebody else forks: descriptors for it, and this side of those that are pipes.
import { openSync } from 'node:fs';
import type * as Net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { member } from '../../family/membership.js';
import type { ParentStreams, StdioEntry } from './start-method.js';

export class ChildStreams implements ParentStreams {
  stdin: Writable | null = null;
  stdout: Readable | null = null;
  stderr: Readable | null = null;
  /** As a start method takes them: no pipes, which have become descriptors. */
  readonly entries: readonly [StdioEntry, StdioEntry, StdioEntry];
  readonly #theirs: number[] = [];

  /** Throws what the system says when no descriptor is left. */
  constructor(entries: readonly [StdioEntry, StdioEntry, StdioEntry]) {
    try {
      this.entries = entries.map((entry, fd) => this.#open(entry, fd)) as never;
    } catch (error) {
      this.close();
      for (const stream of [this.stdin, this.stdout, this.stderr]) stream?.destroy();
      throw error;
    }
  }

  /** Once the child has them. */
  close(): void {
    for (const fd of this.#theirs.splice(0)) member().addon.closeFd(fd);
  }

  /** The child has ended: as in child_process, nobody reads what is written to it, and what it wrote unread is let go. */
  onExit(): void {
    this.stdin?.destroy();
    for (const stream of [this.stdout, this.stderr]) if (stream?.readableFlowing === null) stream.resume();
  }

  // The child may be started later, when the caller has closed what it gave.
  #open(entry: StdioEntry, fd: number): StdioEntry {
    if (entry === 'pipe') return this.#pipe(fd);
    if (typeof entry !== 'number' || entry < 3) return entry;
    const copy = member().addon.duplicateFd(entry);
    this.#theirs.push(copy);
    return copy;
  }

  #pipe(fd: number): number {
    const net: typeof Net = process.getBuiltinModule('node:net');
    const [ours, theirs] = member().addon.socketPair(false);
    this.#theirs.push(theirs);
    const stream = new net.Socket({ fd: ours, readable: fd !== 0, writable: fd === 0 });
    if (fd === 0) this.stdin = stream;
    else if (fd === 1) this.stdout = stream;
    else this.stderr = stream;
    return theirs;
  }
}

/** Descriptors for the entries, and those among them that are to be closed afterwards. */
export function openEntries(entries: readonly StdioEntry[]): { fds: number[]; opened: number[] } {
  const opened: number[] = [];
  const fds = entries.map((entry, fd) => {
    if (entry === 'inherit') return fd;
    if (typeof entry === 'number') return entry;
    if (opened.length === 0) opened.push(openSync('/dev/null', 'r+'));
    return opened[0] as number;
  });
  return { fds, opened };
}
