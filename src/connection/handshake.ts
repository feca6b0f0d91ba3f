// How two programs prove to each other that they know the same authkey, as CPython does it since 3.12 and before. Pure: what is
// to be sent is yielded, and what was received comes back. Doing so over a connection is challenge.ts.
import { AuthenticationError } from '../errors.js';
import { type DigestName, digestOf, isDigest, isDigestName } from './digest.js';
import { crypto } from './lazy-modules.js';

/** What no message of a handshake exceeds: more is refused unread. */
export const maxHandshakeBytes = 256;

/** A message that is to be sent, or that the next one is waited for, which is the value of the `yield`. What fails is thrown in. */
export type HandshakeStep = Uint8Array | 'receive';
export type Handshake = Generator<HandshakeStep, void, Uint8Array>;

export interface HandshakeSettings {
  readonly authkey: Uint8Array;
  /** Of the challenge that is delivered. */
  readonly digestName: DigestName;
  /** Whether a digest by MD5 is good enough: CPython before 3.12 knows no other. */
  readonly allowMd5: boolean;
}

/** An error of the handshake of which the other side is to be told, or has told. */
export const wrongKeyCode = 'ERR_FORKYARD_AUTHENTICATION';
/** What was said is no handshake. */
export const noHandshakeCode = 'ERR_FORKYARD_NO_HANDSHAKE';

const challenge = Buffer.from('#CHALLENGE#');
const welcome = Buffer.from('#WELCOME#');
const failure = Buffer.from('#FAILURE#');
const randomLength = 40;
/**
 * What the challenge of a whole handshake begins with, after the digest's name: whose it is, and so whose answer it wants. Python
 * takes it for a part of the random bytes. As the answer is a digest over all of the challenge, nobody in between can change it.
 */
const marks = { listener: Buffer.from('fyLISTEN'), client: Buffer.from('fyCLIENT') } as const;
type Role = keyof typeof marks;
/** Of a challenge of CPython before 3.12; it has no digest's name in front. */
const oldChallengeLength = 20;
/** Of an answer by MD5 without a name. */
const md5Length = 16;

/** The whole handshake of who accepts a connection: the other side proves first. */
export function* listenerHandshake(settings: HandshakeSettings): Handshake {
  yield* deliver(settings, randomOf('listener'));
  yield* answer(settings, 'client');
}

/** The whole handshake of who connects. */
export function* clientHandshake(settings: HandshakeSettings): Handshake {
  yield* answer(settings, 'listener');
  yield* deliver(settings, randomOf('client'));
}

/** Asks for a proof. Python: `deliver_challenge`. */
export function* deliver(
  settings: HandshakeSettings,
  random: Uint8Array = crypto().randomBytes(randomLength),
): Handshake {
  const question = Buffer.concat([Buffer.from(`{${settings.digestName}}`), random]);
  yield Buffer.concat([challenge, question]);
  const response = yield 'receive';
  try {
    check(settings, question, response);
  } catch (error) {
    try {
      yield failure;
    } catch {
      // It does not even wait for the verdict.
    }
    throw error;
  }
  yield welcome;
}

/** Gives a proof. Python: `answer_challenge`. `asker`: whose challenge alone is answered, if it says whose it is. */
export function* answer(settings: HandshakeSettings, asker?: Role): Handshake {
  const message = yield 'receive';
  if (!isChallenge(message)) throw noHandshake('it began with something else');
  const question = message.subarray(challenge.length);
  if (question.length < oldChallengeLength) throw noHandshake('its challenge is too short');
  if (asker !== undefined) refuseRelayed(question, asker);
  yield responseTo(settings, question);
  const verdict = yield 'receive';
  if (equals(verdict, welcome)) return;
  if (!equals(verdict, failure)) throw noHandshake('it says neither welcome nor failure');
  throw new AuthenticationError('The other side does not accept our authkey: both need the same.');
}

function randomOf(role: Role): Uint8Array {
  return Buffer.concat([marks[role], crypto().randomBytes(randomLength - marks[role].length)]);
}

// Without a key, one can pass on what a client asks to another client, as a listener's challenge, and its answer back.
function refuseRelayed(question: Uint8Array, asker: Role): void {
  const start = question.indexOf(0x7d) + 1;
  const mark = question.subarray(start, start + marks.client.length);
  const other = asker === 'listener' ? 'client' : 'listener';
  if (!equals(mark, marks[other])) return;
  throw new AuthenticationError(
    `The other side passes on the challenge of another ${other}, to have it answered here: it does not know our authkey.`,
  );
}

// The digest is over all of the question, its name included: nobody in between can change the name for a weaker one's.
function check({ authkey, allowMd5 }: HandshakeSettings, question: Uint8Array, response: Uint8Array): void {
  const { name, payload } = taggedWith(response);
  if (name === 'md5' && !allowMd5) throw md5Refused();
  if (isDigest(name, authkey, question, payload)) return;
  throw new AuthenticationError('The other side does not know our authkey: both need the same.');
}

function responseTo({ authkey, allowMd5 }: HandshakeSettings, question: Uint8Array): Uint8Array {
  const { name, isOld } = taggedWith(question);
  if (name === 'md5' && !allowMd5) throw md5Refused();
  const digest = digestOf(name, authkey, question);
  return isOld ? digest : Buffer.concat([Buffer.from(`{${name}}`), digest]);
}

interface Tagged {
  readonly name: DigestName;
  readonly payload: Uint8Array;
  /** CPython before 3.12 is told by lengths that nothing newer has. */
  readonly isOld: boolean;
}

function taggedWith(message: Uint8Array): Tagged {
  if (message.length === oldChallengeLength || message.length === md5Length)
    return { name: 'md5', payload: message, isOld: true };
  const end = message.indexOf(0x7d);
  const name = message[0] === 0x7b && end > 0 ? Buffer.from(message.subarray(1, end)).toString('latin1') : '';
  if (!isDigestName(name)) throw noHandshake('it names no digest that is known here');
  return { name, payload: message.subarray(end + 1), isOld: false };
}

function md5Refused(): AuthenticationError {
  return new AuthenticationError(
    'The other side knows only MD5, as Python does before 3.12: use a later Python there, or allow it with allowMd5: true.',
  );
}

/** Whether it is how a handshake begins. */
export function isChallenge(message: Uint8Array): boolean {
  return message.length >= challenge.length && equals(message.subarray(0, challenge.length), challenge);
}

/** For who has no authkey, and receives a challenge in the place of a value. */
export function challengedWithoutKey(): AuthenticationError {
  return new AuthenticationError('The other side asks for an authkey: give the same one on both sides.', {
    code: noHandshakeCode,
  });
}

function noHandshake(why: string): AuthenticationError {
  return new AuthenticationError(
    `The other side does not speak the handshake of an authkey (${why}): give an authkey on both sides, or on none.`,
    { code: noHandshakeCode },
  );
}

function equals(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
