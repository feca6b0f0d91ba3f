// The errors of connections, whatever they are made of: what happened, and what to do.
// Time-outs are options/time-out.ts; wrong arguments are arguments.ts.
import { argumentTypeError, EndOfFileError, ForkyardError } from '../errors.js';

export function closedError(method: string): ForkyardError {
  return new ForkyardError(`${method}: this side of the connection was closed; open another one.`, {
    code: 'ERR_FORKYARD_CLOSED',
  });
}

/** This side has said that it sends nothing more, and still receives. */
export function sendingEnded(method: string): ForkyardError {
  return new ForkyardError(`${method}: the stream that sends was ended; nothing can be sent after it.`, {
    code: 'ERR_FORKYARD_CLOSED',
  });
}

export function wrongDirection(method: string, can: 'send' | 'receive'): ForkyardError {
  return new ForkyardError(`${method}: this end of the pipe can only ${can}; use the other end.`, {
    code: 'ERR_FORKYARD_WRONG_DIRECTION',
  });
}

/** For `recv` and its like, once everything that had arrived was received. */
export function endOfFile(method: string): EndOfFileError {
  return new EndOfFileError(`${method}: the other side has closed the connection, and nothing is left.`);
}

export function brokenPipe(method: string, cause?: unknown): ForkyardError {
  return new ForkyardError(
    `${method}: nobody receives any more: the other side has closed the connection or died.`,
    { code: 'ERR_FORKYARD_BROKEN_PIPE', cause },
  );
}

/** `what`: where the limit is from. The message stays. */
export function messageTooLong(method: string, sizeBytes: number, maxLength: number): ForkyardError {
  return new ForkyardError(
    `${method}: the next message has ${sizeBytes} bytes, and maxLength is ${maxLength}; it was not taken: receive it with a larger maxLength.`,
    { code: 'ERR_FORKYARD_MESSAGE_TOO_LONG' },
  );
}

/** For the streams of Node, which end at `null`. */
export function nullInStream(): TypeError {
  return argumentTypeError(
    'toReadable',
    'value',
    "no null, which ends streams of Node: use 'readable', or wrap it",
    null,
  );
}
