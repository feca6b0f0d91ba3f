// Numbers and tables as text.

/** Three significant digits, thousands apart: `1 234 567` is hard to compare, `1 230 000` is not. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 3 }).replaceAll(',', ' ');
}

/** A Markdown table; the first columns are words, the others numbers. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  wordColumns = 2,
): string {
  const widths = header.map((cell, column) =>
    Math.max(cell.length, 3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (cell: string, i: number): string =>
    i < wordColumns ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  const line = (cells: readonly string[]): string => `| ${cells.map(pad).join(' | ')} |`;
  const rule = widths.map((width, i) => (i < wordColumns ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}
