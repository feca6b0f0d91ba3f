// Handshakes over a connection: whole ones, as Listener and Client have them, and the two halves for connections of one's own.
// What is said is handshake.ts.
import { argumentRangeError, argumentTypeError, TimeoutError } from '../errors.js';
import { checkOptions } from '../options/known-options.js';
import { timeoutError } from '../options/time-out.js';
import { countDown, type ResolvedWait, resolveWait, type WaitOptions } from '../options/wait-options.js';
import { Connection } from './connection.js';
import { authkeyOf, type DigestName, digestNameOf } from './digest.js';
import { answer, deliver, type Handshake, type HandshakeSettings, maxHandshakeBytes } from './handshake.js';

export interface AnswerChallengeOptions extends WaitOptions {
  /** Whether MD5 is good enough: CPython before 3.12 knows nothing else. Default false. */
  readonly allowMd5?: boolean | undefined;
}

export interface DeliverChallengeOptions extends AnswerChallengeOptions {
  /** The digest that is asked for. Default `'sha256'`. */
  readonly digestName?: DigestName | undefined;
}

/**
 * Lets the other side prove that it knows `authkey`, which it does by `answerChallenge`. `AuthenticationError` if it does not.
 * Python: `deliver_challenge`.
 */
export async function deliverChallenge(
  connection: Connection,
  authkey: ArrayBufferLike | ArrayBufferView,
  options: DeliverChallengeOptions = {},
): Promise<void> {
  const { settings, wait } = resolve('deliverChallenge', connection, authkey, options, ['digestName']);
  await carryOut('deliverChallenge', connection, deliver(settings), wait);
}

/** Proves that this side knows `authkey`, which the other side asks by `deliverChallenge`. Python: `answer_challenge`. */
export async function answerChallenge(
  connection: Connection,
  authkey: ArrayBufferLike | ArrayBufferView,
  options: AnswerChallengeOptions = {},
): Promise<void> {
  const { settings, wait } = resolve('answerChallenge', connection, authkey, options, []);
  await carryOut('answerChallenge', connection, answer(settings), wait);
}

async function carryOut(
  method: string,
  connection: Connection,
  handshake: Handshake,
  wait: ResolvedWait,
): Promise<void> {
  try {
    await perform(connection, handshake, countDown(wait));
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw timeoutError(method, 'the other side has not finished the handshake', wait.timeoutMs);
  }
}

/** Says and hears what the handshake wants; `nextWait` gives each wait what is left of the time. */
export async function perform(
  connection: Connection,
  handshake: Handshake,
  nextWait: () => WaitOptions,
): Promise<void> {
  let step = handshake.next();
  while (step.done !== true) {
    let received: Uint8Array = nothing;
    try {
      if (step.value === 'receive')
        received = await connection.recvBytes({ maxLength: maxHandshakeBytes, ...nextWait() });
      else await connection.sendBytes(step.value, nextWait());
    } catch (error) {
      step = handshake.throw(error);
      continue;
    }
    step = handshake.next(received);
  }
}

const nothing = new Uint8Array(0);

function resolve(
  method: string,
  connection: unknown,
  authkey: unknown,
  options: DeliverChallengeOptions,
  own: readonly string[],
): { settings: HandshakeSettings; wait: ResolvedWait } {
  if (!(connection instanceof Connection))
    throw argumentTypeError(method, 'connection', 'a Connection', connection);
  checkOptions(method, options, [...own, 'allowMd5', 'timeout', 'signal']);
  const { digestName = 'sha256', allowMd5 = false, timeout, signal } = options;
  if (typeof allowMd5 !== 'boolean') throw argumentTypeError(method, 'allowMd5', 'true or false', allowMd5);
  const settings = {
    authkey: authkeyOf(method, authkey),
    digestName: digestNameOf(method, digestName),
    allowMd5,
  };
  if (settings.digestName === 'md5' && !allowMd5)
    throw argumentRangeError(method, 'digestName', "not 'md5' without allowMd5: true", digestName);
  return { settings, wait: resolveWait(method, { timeout, signal }, true) };
}
