// The handshake hears anything: it ends in an AuthenticationError unless the other side proves that it knows the key.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clientHandshake, type Handshake, listenerHandshake } from '../../lib/connection/handshake.js';
import { AuthenticationError } from '../../lib/index.js';
import { attempt, bytes, check } from './support.js';

const settings = {
  authkey: Buffer.from('a key that nobody guesses'),
  digestName: 'sha256',
  allowMd5: true,
} as const;

const words = fc.constantFrom(
  '#CHALLENGE#',
  '#WELCOME#',
  '#FAILURE#',
  '{sha256}',
  '{md5}',
  '{sha3_384}',
  '{',
  '}',
  '',
);
const exact = fc
  .constantFrom(16, 20, 32, 40, 48)
  .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
const message = fc
  .tuple(words, words, fc.oneof(bytes, exact))
  .map(([first, second, rest]) => Buffer.concat([Buffer.from(first + second), rest]));
// What leads to the next step.
const proper = fc.constantFrom(
  Buffer.concat([Buffer.from('#CHALLENGE#{sha256}'), Buffer.alloc(40)]),
  Buffer.concat([Buffer.from('#CHALLENGE#'), Buffer.alloc(20)]),
  Buffer.from('#WELCOME#'),
  Buffer.from('#FAILURE#'),
);
const talk = fc.array(fc.oneof(proper, message, bytes), { minLength: 1, maxLength: 6 });

/** How it ends when it hears that: undefined if it waits for more. */
function outcome(
  handshake: Handshake,
  said: readonly Uint8Array[],
): 'through' | AuthenticationError | undefined {
  const heard = [...said];
  const end = attempt(() => {
    let step = handshake.next();
    while (step.done !== true) {
      if (step.value === 'receive') {
        const next = heard.shift();
        if (next === undefined) return undefined;
        step = handshake.next(next);
      } else {
        if (step.value.length > 256) throw new Error('it says more than may be said');
        step = handshake.next(Buffer.alloc(0));
      }
    }
    return 'through';
  });
  if (end instanceof Error && !(end instanceof AuthenticationError)) throw end;
  return end as 'through' | AuthenticationError | undefined;
}

test.each([
  ['listener', listenerHandshake, []],
  // It answers first.
  ['client', clientHandshake, ['waits']],
] as const)('who does not know the key is never let in by a %s, whatever he says', (_, handshake, others) => {
  const ends = new Map<string, number>();
  check(
    fc.property(talk, (said) => {
      const end = outcome(handshake(settings), said);
      if (end === 'through') throw new Error('let in');
      const name = end?.code ?? 'waits';
      ends.set(name, (ends.get(name) ?? 0) + 1);
    }),
  );
  // All kinds of ends were met.
  const expected = ['ERR_FORKYARD_AUTHENTICATION', 'ERR_FORKYARD_NO_HANDSHAKE', ...others];
  expect([...ends.keys()].sort()).toEqual(expected);
});
