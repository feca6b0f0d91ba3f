// What there is: the files of a kind in /dev/shm, with all that can be said of them.
import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind } from './kinds.js';
import { type Owner, ownerOf } from './owner.js';
import { usersByInode } from './users.js';

const folder = '/dev/shm';

export interface Entry {
  readonly name: string;
  /** In bytes, or the permits of a semaphore; null where it cannot be read. */
  readonly measure: number | null;
  readonly uid: number;
  /** Null for a user without a name. */
  readonly user: string | null;
  readonly madeAt: Date;
  /** Pids, as far as they can be seen. */
  readonly usedBy: readonly number[];
  readonly owner: Owner | null;
}

/** By name. */
export function findEntries(kind: Kind): Entry[] {
  const users = usersByInode();
  const names = userNames();
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const name = kind.nameOf(file);
      const stat = statSync(join(folder, file), { throwIfNoEntry: false });
      if (name === undefined || stat?.isFile() !== true) return [];
      return {
        name,
        measure: kind.measure.read(name, stat.size),
        uid: stat.uid,
        user: names.get(stat.uid) ?? null,
        madeAt: birthOf(stat),
        usedBy: users.get(stat.ino) ?? [],
        owner: ownerOf(file),
      };
    });
}

/** Somebody has it, or will: then only force removes it. */
export function isInUse({ usedBy, owner }: Entry): boolean {
  return usedBy.length > 0 || owner?.lives === true;
}

/** A family made it and is dead, and nobody has it. */
export function isOrphaned(entry: Entry): boolean {
  return entry.owner?.lives === false && !isInUse(entry);
}

/** Where the file system does not say: when it last changed its name or rights. */
function birthOf({ birthtimeMs, ctimeMs }: Stats): Date {
  return new Date(birthtimeMs > 0 ? birthtimeMs : ctimeMs);
}

function userNames(): ReadonlyMap<number, string> {
  try {
    const rows = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
    return new Map(rows.flatMap(([name = '', , uid]) => (uid === undefined ? [] : [[Number(uid), name]])));
  } catch {
    return new Map();
  }
}
