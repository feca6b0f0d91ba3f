// Suggestions for a misspelt name.
import { expect, test } from 'vitest';
import { nearestNames } from '../../lib/util/nearest-names.js';

test('the nearest first, each once, no more than asked for', () => {
  expect(nearestNames('rendr', ['reader', 'render', 'render', 'sender', 'rend', 'x'])).toEqual([
    'rend',
    'render',
    'reader',
  ]);
  expect(nearestNames('rendr', ['render', 'rend'], 1)).toEqual(['rend']);
});

test('ignores case, and what shares less than half', () => {
  expect(nearestNames('FETCH', ['fetch', 'wholly-other'])).toEqual(['fetch']);
  expect(nearestNames('a', ['xyz'])).toEqual([]);
  expect(nearestNames('', ['abc', ''])).toEqual(['']);
});

test('names of any length are compared by their beginning', () => {
  const long = 'x'.repeat(100_000);
  expect(nearestNames(long, [long])).toEqual([long]);
});
