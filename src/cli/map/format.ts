// How a line becomes an item, and a result a line. Splitting into lines is worker.ts.
import { describeReceived } from '../../errors.js';

/** `auto`: text in, text or JSON out. `lines`: text in, text out. `json`: NDJSON. */
export type LineFormat = 'auto' | 'lines' | 'json';

/** A line that is no item: in NDJSON a blank one. */
export function isSkipped(line: string, format: LineFormat): boolean {
  return format === 'json' && line.trim() === '';
}

/** Throws SyntaxError for a line that is not JSON. */
export function parseItem(line: string, format: LineFormat): unknown {
  if (format !== 'json') return line;
  try {
    return JSON.parse(line);
  } catch (error) {
    const { message } = error as SyntaxError;
    // The parser shows the text itself where it is short, or where in it the fault is.
    const place = message.includes('"')
      ? ''
      : `, in the line that ends with ${JSON.stringify(line.slice(-30))}`;
    throw new SyntaxError(`not JSON: ${message}${place}`);
  }
}

/** Throws TypeError for what has no place in one line. */
export function formatResult(result: unknown, format: LineFormat): string {
  if (format === 'json') return json(result === undefined ? null : result);
  if (typeof result === 'string') return oneLine(result);
  if (format === 'auto') return result === undefined ? '' : json(result);
  if (typeof result === 'number' || typeof result === 'bigint' || typeof result === 'boolean')
    return String(result);
  throw new TypeError(
    `the result is ${describeReceived(result)}; with --lines it must be a string, number, BigInt or boolean`,
  );
}

function oneLine(result: string): string {
  if (!result.includes('\n')) return result;
  throw new TypeError(
    'the result has a newline in it, so it would be several lines; --json writes it as one',
  );
}

function json(result: unknown): string {
  const text: unknown = JSON.stringify(result);
  if (typeof text === 'string') return text;
  throw new TypeError(`the result is ${describeReceived(result)}, which JSON does not have`);
}
