// The handshake as messages, without sockets: what CPython's sources say of both generations. With real ones: python.test.ts.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  answer,
  clientHandshake,
  deliver,
  type Handshake,
  type HandshakeSettings,
  listenerHandshake,
} from '../../lib/connection/handshake.js';
import { answerChallenge, deliverChallenge } from '../../lib/connection.js';
import { AuthenticationError } from '../../lib/index.js';
import { rejection, thrown } from '../conformance/caught.js';
import { withPair } from './support.js';

const settings: HandshakeSettings = { authkey: Buffer.from('key'), digestName: 'sha256', allowMd5: false };
const withMd5 = { ...settings, allowMd5: true };
const random = Buffer.alloc(40, 7);
const hmac = (name: string, message: Uint8Array) => createHmac(name, 'key').update(message).digest();

/** Goes on to where it waits, and gives what it says until then. */
function heard(handshake: Handshake, message?: Uint8Array): string[] {
  const said: string[] = [];
  let step = message === undefined ? handshake.next() : handshake.next(message);
  while (step.done !== true && step.value !== 'receive') {
    said.push(Buffer.from(step.value).toString('latin1'));
    step = handshake.next(Buffer.alloc(0));
  }
  return said;
}

test('a challenge names the digest and is answered with it over all of it', () => {
  const delivering = deliver(settings, random);
  const question = Buffer.concat([Buffer.from('{sha256}'), random]);
  expect(heard(delivering)).toEqual([`#CHALLENGE#${question.toString('latin1')}`]);
  const answering = answer(settings);
  expect(heard(answering)).toEqual([]);
  const [response] = heard(answering, Buffer.concat([Buffer.from('#CHALLENGE#'), question]));
  expect(response).toBe(`{sha256}${hmac('sha256', question).toString('latin1')}`);
  expect(heard(delivering, Buffer.from(response, 'latin1'))).toEqual(['#WELCOME#']);
  heard(answering, Buffer.from('#WELCOME#'));
  expect([delivering.next().done, answering.next().done]).toEqual([true, true]);
});

test('a challenge of 20 bytes is of Python before 3.12: answered by plain MD5, if that is allowed', () => {
  const question = Buffer.alloc(20, 3);
  const message = Buffer.concat([Buffer.from('#CHALLENGE#'), question]);
  const answering = answer(withMd5);
  heard(answering);
  expect(heard(answering, message)).toEqual([hmac('md5', question).toString('latin1')]);
  const refusing = answer(settings);
  heard(refusing);
  expect(thrown(() => heard(refusing, message)).message).toContain('allowMd5');
});

test('an answer of 16 bytes is of Python before 3.12: taken as MD5 over all of the challenge, if that is allowed', () => {
  const question = Buffer.concat([Buffer.from('{sha256}'), random]);
  const delivering = deliver(withMd5, random);
  heard(delivering);
  expect(heard(delivering, hmac('md5', question))).toEqual(['#WELCOME#']);
  const refusing = deliver(settings, random);
  heard(refusing);
  expect(refusing.next(hmac('md5', question)).value?.toString()).toBe('#FAILURE#');
  expect(thrown(() => refusing.next(Buffer.alloc(0))).message).toContain('allowMd5');
});

test.each([
  ['sha384', 'sha384'],
  ['sha3_256', 'sha3-256'],
  ['sha3_384', 'sha3-384'],
])('%s is known, and may answer for another', (name, nodeName) => {
  const question = Buffer.concat([Buffer.from('{sha256}'), random]);
  const delivering = deliver(settings, random);
  heard(delivering);
  const response = Buffer.concat([Buffer.from(`{${name}}`), hmac(nodeName, question)]);
  expect(heard(delivering, response)).toEqual(['#WELCOME#']);
});

const question = Buffer.concat([Buffer.from('{sha256}'), random]);
test.each([
  [
    'of another key',
    Buffer.concat([Buffer.from('{sha256}'), createHmac('sha256', 'other').update(question).digest()]),
  ],
  ['cut off', Buffer.concat([Buffer.from('{sha256}'), hmac('sha256', question).subarray(1)])],
  ['too long', Buffer.concat([Buffer.from('{sha256}'), hmac('sha256', question), Buffer.alloc(1)])],
  ['of another name', Buffer.concat([Buffer.from('{sha3_256}'), hmac('sha256', question)])],
  [
    'of an unknown name',
    Buffer.concat([Buffer.from('{sha1}'), createHmac('sha1', 'key').update(question).digest()]),
  ],
  ['of a name of every object', Buffer.concat([Buffer.from('{toString}'), Buffer.alloc(32)])],
  ['of 20 bytes', Buffer.alloc(20)],
  ['empty', Buffer.alloc(0)],
])('an answer %s is refused, and the other side told', (_, response) => {
  const delivering = deliver(withMd5, random);
  heard(delivering);
  expect(delivering.next(response).value?.toString()).toBe('#FAILURE#');
  expect(thrown(() => delivering.next(Buffer.alloc(0)))).toBeInstanceOf(AuthenticationError);
  // The same where it cannot be told.
  const alone = deliver(withMd5, random);
  heard(alone);
  alone.next(response);
  expect(thrown(() => alone.throw(new Error('it is gone')))).toBeInstanceOf(AuthenticationError);
});

test('listeners ask first, clients answer first; a challenge back is no proof', () => {
  const listener = listenerHandshake(settings);
  const client = clientHandshake(settings);
  let toClient = heard(listener);
  let toListener = heard(client);
  expect([toClient.length, toListener.length]).toEqual([1, 0]);
  for (let turn = 0; toClient.length + toListener.length > 0; turn++) {
    expect(turn).toBeLessThan(6);
    const next = toClient.flatMap((message) => heard(client, Buffer.from(message, 'latin1')));
    toClient = toListener.flatMap((message) => heard(listener, Buffer.from(message, 'latin1')));
    toListener = next;
  }
  expect([listener.next().done, client.next().done]).toEqual([true, true]);

  const mirrored = listenerHandshake(settings);
  const [challenge] = heard(mirrored);
  expect(mirrored.next(Buffer.from(challenge, 'latin1')).value?.toString()).toBe('#FAILURE#');
});

test('the halves that take too long name themselves, and the time that they were given', () =>
  withPair(async ({ ours }) => {
    const key = Buffer.from('key');
    for (const [method, half] of Object.entries({ deliverChallenge, answerChallenge })) {
      const error = await rejection(half(ours, key, { timeout: 20 }));
      expect(error.message).toMatch(new RegExp(`^${method}: timed out after 20 ms; .*handshake`));
    }
  }));

test('halves of it over a connection of one’s own', () =>
  withPair(async ({ ours, theirs }) => {
    const key = Buffer.from('key');
    await Promise.all([deliverChallenge(ours, key), answerChallenge(theirs, key)]);
    await Promise.all([
      deliverChallenge(ours, key, { digestName: 'sha3_384' }),
      answerChallenge(theirs, key),
    ]);
    const both = await Promise.allSettled([
      deliverChallenge(ours, key),
      answerChallenge(theirs, Buffer.from('other')),
    ]);
    for (const { status, reason } of both as PromiseRejectedResult[])
      expect([status, reason.code]).toEqual(['rejected', 'ERR_FORKYARD_AUTHENTICATION']);
    await ours.send('goes on');
    expect(await theirs.recv()).toBe('goes on');
    expect(await rejection(answerChallenge(theirs, key, { timeout: 5 }))).toMatchObject({
      code: 'ERR_FORKYARD_TIMEOUT',
    });
    const wrong = [
      [deliverChallenge({} as never, key), 'ERR_INVALID_ARG_TYPE'],
      [deliverChallenge(ours, 'key' as never), 'ERR_INVALID_ARG_TYPE'],
      [deliverChallenge(ours, key, { digestName: 'sha1' as never }), 'ERR_OUT_OF_RANGE'],
      [deliverChallenge(ours, key, { digestName: 'md5' }), 'ERR_OUT_OF_RANGE'],
      [answerChallenge(ours, key, { digestName: 'md5' } as never), 'ERR_INVALID_ARG_TYPE'],
    ] as const;
    for (const [promise, code] of wrong) expect(await rejection(promise)).toMatchObject({ code });
  }));

test('an impostor cannot have the challenge of one client answered by another', () => {
  const asking = clientHandshake(settings);
  const question = Buffer.concat([Buffer.from('#CHALLENGE#{sha256}'), random]);
  heard(asking);
  heard(asking, question);
  const [asked] = heard(asking, Buffer.from('#WELCOME#'));
  const other = clientHandshake(settings);
  heard(other);
  const error = thrown(() => heard(other, Buffer.from(asked, 'latin1')));
  expect(error).toBeInstanceOf(AuthenticationError);
  expect(error.message).toContain('passes on the challenge of another client');
});

test('an impostor cannot have the challenge of one listener answered by another', () => {
  const [asked] = heard(listenerHandshake(settings));
  const other = listenerHandshake(settings);
  const [question] = heard(other);
  const answer = hmac('sha256', Buffer.from(question.slice('#CHALLENGE#'.length), 'latin1'));
  heard(other, Buffer.concat([Buffer.from('{sha256}'), answer]));
  expect(thrown(() => heard(other, Buffer.from(asked, 'latin1')))).toBeInstanceOf(AuthenticationError);
});

test('a challenge that says whose it is looks to Python like any other', () => {
  const [asked] = heard(listenerHandshake(settings));
  expect(asked).toMatch(/^#CHALLENGE#\{sha256\}/);
  expect(asked).toHaveLength('#CHALLENGE#{sha256}'.length + 40);
  expect(heard(listenerHandshake(settings))[0]).not.toBe(asked);
});
