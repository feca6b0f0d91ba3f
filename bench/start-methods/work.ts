// Work that keeps a processor busy, each some hundred milliseconds long: what a program does with more processors.
export const kinds = {
  integers() {
    let x = 1;
    for (let i = 0; i < 200_000_000; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
    return x;
  },
  json() {
    const rows = Array.from({ length: 2000 }, (_, id) => ({
      id,
      name: `row ${id}`,
      tags: ['a', 'b'],
      deep: { x: id / 3 },
    }));
    let length = 0;
    for (let i = 0; i < 120; i++) length += JSON.stringify(JSON.parse(JSON.stringify(rows))).length;
    return length;
  },
  sort() {
    let x = 1;
    const numbers = () =>
      Array.from({ length: 100_000 }, () => (x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0));
    let first = 0;
    for (let i = 0; i < 8; i++) first += numbers().sort((a, b) => a - b)[0] as number;
    return first;
  },
  regex() {
    const line = '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /index.html HTTP/1.0" 200 2326';
    const pattern = /^(\S+) \S+ \S+ \[([^\]]+)\] "(\w+) ([^"]+) HTTP\/[\d.]+" (\d+) (\d+)$/;
    let found = 0;
    for (let i = 0; i < 700_000; i++) found += Number(pattern.exec(line)?.[6]);
    return found;
  },
  /** Objects of which some live for a while: what the collector has to do. */
  allocation() {
    const kept: unknown[] = new Array(50_000);
    for (let i = 0; i < 6_000_000; i++) kept[i % kept.length] = { i, pair: [i, i + 1] };
    return kept.length;
  },
} as const;

export type Kind = keyof typeof kinds;
