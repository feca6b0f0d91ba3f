// How bytes are cut into batches, wherever reads end. What is done with batches is map.test.ts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchCutter, type BatchLimit } from '../../lib/cli/map/batch-cutter.js';

const whole: BatchLimit = { lines: 1e9, bytes: 1e9 };
const texts = fc
  .array(fc.constantFrom('', 'a', 'bc', 'é€', '\r', 'x'.repeat(40)))
  .map((lines) => lines.join('\n'));

test('any reads, any limits: every line once, in order, whole and with its number', () => {
  const limits = fc.record({ lines: fc.integer({ min: 1, max: 8 }), bytes: fc.integer({ min: 1, max: 60 }) });
  const reads = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
  fc.assert(
    fc.property(texts, reads, fc.array(limits, { minLength: 1 }), (text, sizes, limits) => {
      const cutter = new BatchCutter();
      const bytes = Buffer.from(text);
      let output = '';
      let turn = 0;
      const takeAll = () => {
        for (;;) {
          const limit = limits[turn++ % limits.length] as BatchLimit;
          const batch = cutter.take(limit);
          if (batch === undefined) return;
          const taken = Buffer.from(batch.bytes).toString();
          expect(batch.firstLine).toBe(output.split('\n').length);
          expect(taken.split('\n').length - 1).toBe(batch.lines);
          expect(taken.endsWith('\n')).toBe(true);
          expect(batch.lines).toBeLessThanOrEqual(limit.lines);
          if (batch.lines > 1) expect(batch.bytes.length).toBeLessThanOrEqual(limit.bytes);
          output += taken;
        }
      };
      for (let at = 0, read = 0; at < bytes.length; read++) {
        const end = at + (sizes[read % sizes.length] as number);
        cutter.add(bytes.subarray(at, end));
        at = end;
        if (read % 3 === 2) takeAll();
      }
      cutter.end();
      takeAll();
      expect(output).toBe(text === '' || text.endsWith('\n') ? text : `${text}\n`);
      expect({ lines: cutter.lines, bytes: cutter.bytes }).toEqual({ lines: 0, bytes: 0 });
    }),
  );
});

describe('limits', () => {
  test('as many lines as fit, but one at least', () => {
    const cutter = cutterOf('aaaa\nbb\ncc\n', 'dd\n');
    expect(takeText(cutter, { lines: 9, bytes: 3 })).toBe('aaaa\n');
    expect(takeText(cutter, { lines: 9, bytes: 6 })).toBe('bb\ncc\n');
    expect(takeText(cutter, whole)).toBe('dd\n');
    expect(cutter.take(whole)).toBeUndefined();
  });

  test('it is full when a batch of that limit would not become larger', () => {
    const cutter = cutterOf('a\nb\nhalf a line');
    expect(cutter.has({ lines: 2, bytes: 1e9 })).toBe(true);
    expect(cutter.has({ lines: 3, bytes: 10 })).toBe(true);
    expect(cutter.has({ lines: 3, bytes: 1e9 })).toBe(false);
    expect(cutterOf('no line at all').has({ lines: 1, bytes: 1 })).toBe(false);
  });
});

test('half a line waits for its other half, and at the end of the input is one', () => {
  const cutter = cutterOf('a\nb');
  expect(takeText(cutter, whole)).toBe('a\n');
  expect(cutter.take(whole)).toBeUndefined();
  cutter.add(Buffer.from('c'));
  expect(cutter.take(whole)).toBeUndefined();
  cutter.end();
  expect(takeText(cutter, whole)).toBe('bc\n');
});

test('lines of the next input are counted anew', () => {
  const cutter = cutterOf('a\nb\n');
  cutter.take(whole);
  cutter.restart();
  cutter.add(Buffer.from('c\n'));
  expect(cutter.take(whole)?.firstLine).toBe(1);
});

function cutterOf(...reads: string[]): BatchCutter {
  const cutter = new BatchCutter();
  for (const read of reads) cutter.add(Buffer.from(read));
  return cutter;
}

function takeText(cutter: BatchCutter, limit: BatchLimit): string | undefined {
  const batch = cutter.take(limit);
  return batch && Buffer.from(batch.bytes).toString();
}
