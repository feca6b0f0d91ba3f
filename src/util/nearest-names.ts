// Which of the known names a misspelt one is near to, for error messages.

/** At most `limit` of `candidates`, nearest first (edit distance, ignoring case); none that shares less than half. */
export function nearestNames(name: string, candidates: Iterable<string>, limit = 3): string[] {
  const sought = name.slice(0, kMaxLength).toLowerCase();
  const scored: { readonly candidate: string; readonly distance: number }[] = [];
  for (const candidate of new Set(candidates)) {
    const other = candidate.slice(0, kMaxLength).toLowerCase();
    const distance = editDistance(sought, other);
    if (distance <= Math.max(sought.length, other.length) / 2) scored.push({ candidate, distance });
  }
  scored.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return scored.slice(0, limit).map(({ candidate }) => candidate);
}

const kMaxLength = 100;

// Levenshtein, by rows.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = row[j] + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, row[j + 1] + 1, next[j] + 1));
    }
    row = next;
  }
  return row[b.length];
}
