// A rival: what xargs starts, with as many lines as arguments as the system lets through.
// Lines from standard input are serial-readline.ts.
import { LineWriter } from './line-writer.js';
import { parseLine } from './parse-line.js';

const writer = new LineWriter();
for (const line of process.argv.slice(2)) writer.write(parseLine(line));
writer.end();
