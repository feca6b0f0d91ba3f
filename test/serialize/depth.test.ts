// Values nested deeper than any call stack goes, and stacks that are used up already.
import { describe, expect, test } from 'vitest';
import { roundTrip } from './support.js';

function insideOf(container: object): unknown {
  if (container instanceof Map) return [...container.keys()][0];
  if (container instanceof Set) return [...container][0];
  return Array.isArray(container) ? container[0] : Reflect.get(container, 'v');
}

describe('depth', () => {
  test('100,000 levels of objects, arrays, maps and sets', () => {
    let value: unknown = 'bottom';
    const wrap = [
      (v: unknown) => ({ v }),
      (v: unknown) => [v],
      (v: unknown) => new Map([[v, 1]]),
      (v: unknown) => new Set([v]),
    ];
    for (let i = 0; i < 100_000; i++) value = wrap[i % 4](value);
    let copy = roundTrip(value);
    let depth = 0;
    for (; typeof copy === 'object'; depth++) copy = insideOf(copy as object);
    expect(copy).toBe('bottom');
    expect(depth).toBe(100_000);
  });

  test('a deep list that refers back to its head, and long arrays at depth', () => {
    const head: Record<string, unknown> = {};
    let last = head;
    for (let i = 0; i < 1000; i++) {
      const next = { numbers: Array.from({ length: 10 }, (_, j) => i + j), sparse: new Array(5000), head };
      last.next = next;
      last = next as Record<string, unknown>;
    }
    const copy = roundTrip(head);
    // biome-ignore lint/suspicious/noExplicitAny: its parts are of several types.
    let node: Record<string, any> = copy;
    for (let i = 0; i < 1000; i++) {
      node = node['next'];
      expect([node['head'] === copy, node['numbers'][3], node['sparse'].length]).toEqual([true, i + 3, 5000]);
    }
    expect(node['next']).toBeUndefined();
  });

  test('a call stack that is used up anywhere inside leaves the codec usable', () => {
    const value = { a: { b: [{ c: [{ d: new Map([[1, new Error('x')]]) }] }] } };
    let attempts = 0;
    let successes = 0;
    const descend = (): void => {
      try {
        descend();
      } catch {
        // The stack is used up here.
      }
      if (successes > 3) return;
      attempts++;
      roundTrip(value);
      successes++;
    };
    descend();
    expect(attempts).toBeGreaterThan(successes);
    expect(roundTrip(value).a.b[0].c[0].d.get(1)).toBeInstanceOf(Error);
  });
});
