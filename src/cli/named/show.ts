// How entries are shown: a table for people, JSON for programs.
import { type Entry, isOrphaned } from './entries.js';
import type { Kind } from './kinds.js';
import type { Owner } from './owner.js';

/** A line for each, under headings. */
export function tableOf(kind: Kind, entries: readonly Entry[]): string {
  const heading = ['NAME', kind.measure.heading.toUpperCase(), 'USER', 'MADE', 'USED BY', 'OWNER'];
  const rows = entries.map((entry) => [
    printable(entry.name),
    kind.formatMeasure(entry.measure),
    entry.user ?? String(entry.uid),
    entry.madeAt.toISOString().slice(0, 19).replace('T', ' '),
    entry.usedBy.join(',') || '-',
    describeOwner(entry),
  ]);
  const widths = heading.map((text, column) =>
    Math.max(text.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [heading, ...rows]
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** An array, a line for each. Times are ISO 8601. */
export function jsonOf(kind: Kind, entries: readonly Entry[]): string {
  const objects = entries.map((entry) => {
    const { name, measure, uid, user, madeAt, usedBy, owner } = entry;
    const isOrphan = isOrphaned(entry);
    return JSON.stringify({
      name,
      [kind.measure.heading]: measure,
      uid,
      user,
      madeAt,
      usedBy,
      owner,
      isOrphaned: isOrphan,
    });
  });
  return objects.length === 0 ? '[]\n' : `[\n  ${objects.join(',\n  ')}\n]\n`;
}

/** Names are anybody's: what would move the cursor is shown as what it is. */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}]/gu, (character) => JSON.stringify(character).slice(1, -1));
}

function describeOwner({ owner }: Entry): string {
  return owner === null ? 'unknown' : `${owner.rootPid} (${stateOf(owner)})`;
}

function stateOf({ lives }: Owner): string {
  if (lives === null) return 'elsewhere';
  return lives ? 'lives' : 'dead';
}
