// `rm`: which entries are removed, and what is said of those that are not.
import { callNamed } from '../../named/names.js';
import { exitStatus } from '../exit-status.js';
import { type Entry, findEntries, isInUse, isOrphaned } from './entries.js';
import type { Kind } from './kinds.js';
import { printable } from './show.js';

/** Removes those of these names, and says on standard output which. */
export function removeNamed(kind: Kind, names: readonly string[], force: boolean): number {
  const entries = new Map(findEntries(kind).map((entry) => [entry.name, entry]));
  return removeAll(kind, [...new Set(names)], (name) => {
    const entry = entries.get(name);
    if (entry === undefined) return `there is no ${kind.noun} of that name`;
    return isInUse(entry) && !force ? `${whyUsed(entry)}; --force removes it all the same` : undefined;
  });
}

/** Removes what dead families left and nobody has. */
export function removeOrphaned(kind: Kind): number {
  const orphans = findEntries(kind).filter(isOrphaned);
  return removeAll(
    kind,
    orphans.map(({ name }) => name),
    () => undefined,
  );
}

function removeAll(
  kind: Kind,
  names: readonly string[],
  objectionTo: (name: string) => string | undefined,
): number {
  let status: number = exitStatus.ok;
  for (const name of names) {
    const objection = objectionTo(name) ?? tryRemove(kind, name);
    if (objection === undefined) {
      process.stdout.write(`${printable(name)}\n`);
    } else {
      process.stderr.write(`forkyard ${kind.command} rm: ${printable(name)}: ${objection}\n`);
      status = exitStatus.failed;
    }
  }
  return status;
}

/** What the system says against it. */
function tryRemove(kind: Kind, name: string): string | undefined {
  try {
    callNamed('rm', { noun: kind.noun, maxNameBytes: 255 }, name, () => kind.remove(name));
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message.replace(/^rm: /, '');
  }
}

function whyUsed({ usedBy, owner }: Entry): string {
  if (usedBy.length === 0)
    return `the family of process ${owner?.rootPid} is alive and removes it when it ends`;
  return `${usedBy.length === 1 ? 'process' : 'processes'} ${usedBy.join(', ')} ${usedBy.length === 1 ? 'has' : 'have'} it`;
}
