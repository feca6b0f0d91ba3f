// Makes the file that all rivals read: lines of an access log, the same at every run.
// What is done with a line is parse-line.ts.
import { closeSync, openSync, writeSync } from 'node:fs';

const linesPerWrite = 10_000;

export function writeLog(path: string, lines: number): void {
  const random = generator(20_240_601);
  const fd = openSync(path, 'w');
  for (let line = 0; line < lines; ) {
    let text = '';
    const end = Math.min(lines, line + linesPerWrite);
    for (; line < end; line++) text += makeLine(line, random);
    writeSync(fd, text);
  }
  closeSync(fd);
}

function makeLine(line: number, random: (below: number) => number): string {
  const ip = [random(256), random(256), random(256), random(256)].join('.');
  const time = `10/Oct/2024:13:${String(Math.floor(line / 60) % 60).padStart(2, '0')}:${String(line % 60).padStart(2, '0')} +0000`;
  const status = random(20) === 0 ? 404 : 200;
  return `${ip} - - [${time}] "GET /pages/${random(10_000)}.html HTTP/1.1" ${status} ${random(100_000)}\n`;
}

// A linear congruential generator: nothing depends on how good it is, only on its being the same everywhere.
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}
