// A rival: one process, `for await` over readline, the shortest way to write it. `serial-for-await.js FILE`
// The events are serial-readline.ts.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { LineWriter } from './line-writer.js';
import { parseLine } from './parse-line.js';

const writer = new LineWriter();
const input = createReadStream(process.argv[2] as string);
for await (const line of createInterface({ input, crlfDelay: Infinity })) {
  if (!writer.write(parseLine(line))) await new Promise<void>((resolve) => writer.onDrain(resolve));
}
writer.end();
