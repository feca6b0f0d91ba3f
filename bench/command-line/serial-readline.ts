// A rival: one process, the 'line' events of readline, as its documentation shows them. `serial-readline.js [FILE]`;
// without a file standard input, as GNU parallel gives it.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { LineWriter } from './line-writer.js';
import { parseLine } from './parse-line.js';

const path = process.argv[2];
const writer = new LineWriter();
const reader = createInterface({
  input: path === undefined ? process.stdin : createReadStream(path),
  crlfDelay: Infinity,
});
reader.on('line', (line) => {
  if (!writer.write(parseLine(line))) {
    reader.pause();
    writer.onDrain(() => reader.resume());
  }
});
reader.on('close', () => writer.end());
