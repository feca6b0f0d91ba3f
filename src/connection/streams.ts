// Connections as streams of values: of the web (readable, writable) and of Node (Readable, Writable, Duplex, in object mode).
// Nothing is read ahead: a value is received when the stream is asked for it, so what is left of a stream is still in the connection.
import type { Duplex, Readable, Writable } from 'node:stream';
import { EndOfFileError } from '../errors.js';
import { turnGiver } from '../family/turns.js';
import { nullInStream } from './failures.js';
import { stream } from './lazy-modules.js';

/**
 * What streams need of a connection. To wait and to take are two things: who waits may be cancelled when what it waits for is there, and
 * a value that was taken for nobody would be lost.
 */
export interface ValueSource {
  /** Resolves when there may be a value, or the end; takes nothing. */
  whenReadable(signal: AbortSignal): Promise<unknown>;
  /** Undefined: there is none yet. Throws `EndOfFileError` at the end. */
  takeValue(): Taken | undefined;
}

interface Taken {
  readonly value: unknown;
}

export interface ValueSink {
  send(value: unknown, options?: { readonly signal: AbortSignal }): Promise<void>;
  /** Nothing more is sent. */
  end(): void;
  close(): void;
}

/** Cancelling it ends what it waits for; the connection stays open, and nothing is lost. */
export function webReadable(source: ValueSource): ReadableStream<unknown> {
  const ending = new AbortController();
  const turn = turnGiver();
  return new ReadableStream(
    {
      pull: (controller) =>
        takeNext(source, { signal: ending.signal, turn }, (next) =>
          next === undefined ? controller.close() : controller.enqueue(next.value),
        ),
      cancel: () => ending.abort(),
    },
    { highWaterMark: 0 },
  );
}

/** The values until the end, as they are asked for; `atEnd` is called when that has come, not when the loop is left before. */
export async function* valuesOf(
  source: ValueSource,
  atEnd: () => void,
): AsyncGenerator<unknown, void, undefined> {
  const asking = { signal: new AbortController().signal, turn: turnGiver() };
  for (;;) {
    let next: Taken | undefined;
    await takeNext(source, asking, (taken) => {
      next = taken;
    });
    if (next === undefined) return atEnd();
    yield (next as Taken).value;
  }
}

/** Closing or aborting it closes the connection. */
export function webWritable(sink: ValueSink): WritableStream<unknown> {
  return new WritableStream({
    write: (value) => sink.send(value),
    close: () => sink.close(),
    abort: () => sink.close(),
  });
}

/** Destroying it leaves the connection open. */
export function nodeReadable(source: ValueSource): Readable {
  return new (stream().Readable)({ objectMode: true, highWaterMark: 0, ...reading(source) });
}

/** Ending or destroying it closes the connection. */
export function nodeWritable(sink: ValueSink): Writable {
  const { write, destroy } = writing(sink);
  return new (stream().Writable)({
    objectMode: true,
    highWaterMark: 1,
    write,
    final: (done) => {
      sink.close();
      done();
    },
    destroy,
  });
}

/** Ended, it can still be read from, where the connection has two directions of their own. Destroying it closes the connection. */
export function nodeDuplex(both: ValueSource & ValueSink): Duplex {
  const { read, destroy: stopReading } = reading(both);
  const { write, destroy: stopWriting } = writing(both);
  return new (stream().Duplex)({
    objectMode: true,
    readableHighWaterMark: 0,
    writableHighWaterMark: 1,
    read,
    write,
    final: (done) => {
      both.end();
      done();
    },
    destroy: (error, done) => stopReading(error, () => stopWriting(error, done)),
  });
}

type Destroyed = (error: Error | null) => void;

function reading(source: ValueSource) {
  const ending = new AbortController();
  const turn = turnGiver();
  return {
    read(this: Readable): void {
      takeNext(source, { signal: ending.signal, turn }, (next) => {
        if (next?.value === null) this.destroy(nullInStream());
        else this.push(next === undefined ? null : next.value);
      }).catch((error: Error) => this.destroy(error));
    },
    destroy(error: Error | null, done: Destroyed): void {
      ending.abort();
      done(error);
    },
  };
}

function writing(sink: ValueSink) {
  const ending = new AbortController();
  return {
    write(value: unknown, _encoding: string, done: (error?: Error | null) => void): void {
      sink.send(value, { signal: ending.signal }).then(() => done(), done);
    },
    destroy(error: Error | null, done: Destroyed): void {
      ending.abort();
      sink.close();
      done(error);
    },
  };
}

interface Asking {
  /** Nobody wants it any more. */
  readonly signal: AbortSignal;
  readonly turn: () => Promise<void> | undefined;
}

/** Gives the next value, or undefined at the end, in the moment in which it is taken: in between nobody can cancel. */
async function takeNext(
  source: ValueSource,
  { signal, turn }: Asking,
  give: (next: Taken | undefined) => void,
): Promise<void> {
  for (;;) {
    await turn();
    if (signal.aborted) return;
    const next = takeOrEnd(source);
    if (next !== 'nothing') return give(next);
    try {
      await source.whenReadable(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

function takeOrEnd(source: ValueSource): Taken | undefined | 'nothing' {
  try {
    return source.takeValue() ?? 'nothing';
  } catch (error) {
    if (error instanceof EndOfFileError) return undefined;
    throw error;
  }
}
