// What the service of the scenario does for a request: the same functions for every rival, and in the service itself where
// there is no pool. Each does a fixed amount of work, so on a busy CPU it takes longer.
import { gzipSync } from 'node:zlib';
import { marked } from 'marked';

interface Sale {
  readonly customer: string;
  readonly city: string;
  readonly cents: number;
}

const cities = ['Aarhus', 'Berlin', 'Cork', 'Delft', 'Evora', 'Faro', 'Ghent', 'Huelva'];

/** A report over so many sales: objects are made, grouped, sorted and written as text. */
export function report(sales: number): string {
  const byCity = new Map<string, Sale[]>();
  for (const sale of makeSales(sales)) {
    const list = byCity.get(sale.city);
    if (list === undefined) byCity.set(sale.city, [sale]);
    else list.push(sale);
  }
  const lines = [...byCity].map(([city, list]) => {
    const best = [...list]
      .sort((a, b) => b.cents - a.cents || (a.customer < b.customer ? -1 : 1))
      .slice(0, 3);
    const total = list.reduce((sum, { cents }) => sum + cents, 0);
    return `${city}: ${total} (${best.map(({ customer }) => customer).join(', ')})`;
  });
  return lines.sort().join('\n');
}

/** The text of a JSON document, with a field more in each of its records, compressed. */
export function compress(json: string): Uint8Array {
  const records = JSON.parse(json) as Sale[];
  const withTax = records.map((record) => ({ ...record, tax: Math.round(record.cents / 5) }));
  return gzipSync(JSON.stringify(withTax));
}

export function toHtml(markdown: string): string {
  return marked.parse(markdown, { async: false });
}

/** Always the same ones. */
export function makeSales(count: number): Sale[] {
  let state = 42;
  return Array.from({ length: count }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return { customer: `customer ${state % 977}`, city: cities[i % 8] as string, cents: state % 100_000 };
  });
}
