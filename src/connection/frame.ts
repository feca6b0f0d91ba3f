// How messages lie in a stream of bytes, as CPython has it: their length (4 bytes, big-endian and signed; -1 and 8 bytes for
// 2 GiB and more), then the message. Pure: no sockets, which are socket-connection.ts.
import { constants } from 'node:buffer';
import { ForkyardError } from '../errors.js';
import { Fifo } from '../util/fifo.js';

/**
 * The longest message by default, 256 MiB: ten thousand times what programs usually say to each other, and yet a peer cannot
 * make this program hold more than that.
 */
export const defaultMaxFrameBytes: number = 256 * 2 ** 20;

/** What a Buffer can hold at all. */
export const maxMaxFrameBytes: number = constants.MAX_LENGTH;

const shortHeaderBytes = 4;
const longHeaderBytes = 12;
const maxShortLength = 0x7fffffff;
/** Memory that a message has at first, before more of it has arrived. */
const firstBodyBytes = 4096;

/** The message with its length in front, in memory of its own. */
export function frameOf(message: Uint8Array): Buffer {
  const isLong = message.length > maxShortLength;
  const headerBytes = isLong ? longHeaderBytes : shortHeaderBytes;
  const frame = Buffer.allocUnsafe(headerBytes + message.length);
  frame.writeInt32BE(isLong ? -1 : message.length, 0);
  if (isLong) frame.writeBigUInt64BE(BigInt(message.length), shortHeaderBytes);
  frame.set(message, headerBytes);
  return frame;
}

/**
 * Takes a stream in pieces of any size and gives the messages in it. What it allocates is at most twice what has arrived, whatever
 * a length claims.
 */
export class FrameParser {
  /** A longer message is refused; may be changed between messages. */
  maxFrameBytes: number;
  readonly #chunks = new Fifo<Uint8Array>();
  /** Where the oldest chunk begins. */
  #offset = 0;
  readonly #header = Buffer.alloc(longHeaderBytes);
  #headerFilled = 0;
  /** Of the message that is being read; -1 as long as that is unknown. */
  #size = -1;
  #body: Buffer = Buffer.alloc(0);
  #filled = 0;
  #failure: ForkyardError | undefined;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Whether a message has begun and not ended: the stream may not end here. */
  get isInside(): boolean {
    return this.#headerFilled > 0 || this.#chunks.length > 0;
  }

  /** The chunk is the parser's from now on. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#chunks.push(chunk);
  }

  /** The next message, if all of it is there. Throws, from then on always, if a length is none or above the limit. */
  next(): Buffer | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#next();
    } catch (error) {
      this.#failure = error as ForkyardError;
      this.#chunks.clear();
      throw error;
    }
  }

  #next(): Buffer | undefined {
    if (this.#size < 0 && !this.#readLength()) return undefined;
    while (this.#filled < this.#size) {
      const chunk = this.#chunks.peek();
      if (chunk === undefined) return undefined;
      const count = Math.min(this.#size - this.#filled, chunk.length - this.#offset);
      this.#makeRoom(this.#filled + count);
      this.#body.set(chunk.subarray(this.#offset, this.#offset + count), this.#filled);
      this.#filled += count;
      this.#consume(count);
    }
    const message = this.#body.subarray(0, this.#size);
    this.#headerFilled = 0;
    this.#size = -1;
    this.#body = Buffer.alloc(0);
    this.#filled = 0;
    return message;
  }

  #readLength(): boolean {
    if (!this.#fillHeader(shortHeaderBytes)) return false;
    let size = this.#header.readInt32BE(0);
    if (size === -1) {
      if (!this.#fillHeader(longHeaderBytes)) return false;
      size = Number(this.#header.readBigUInt64BE(shortHeaderBytes));
    } else if (size < 0) {
      throw new ForkyardError(
        `the other side sent ${size} as the length of a message: it does not speak this protocol, or lost its place in the stream.`,
        { code: 'ERR_FORKYARD_CORRUPT_MESSAGE' },
      );
    }
    if (size > this.maxFrameBytes) throw frameTooLong('the other side sends', size, this.maxFrameBytes);
    this.#size = size;
    return true;
  }

  #fillHeader(bytes: number): boolean {
    while (this.#headerFilled < bytes) {
      const chunk = this.#chunks.peek();
      if (chunk === undefined) return false;
      this.#header[this.#headerFilled++] = chunk[this.#offset];
      this.#consume(1);
    }
    return true;
  }

  #consume(count: number): void {
    this.#offset += count;
    if (this.#offset < (this.#chunks.peek()?.length ?? 0)) return;
    this.#chunks.shift();
    this.#offset = 0;
  }

  // Doubling, so that each byte is copied twice at most on the whole.
  #makeRoom(bytes: number): void {
    if (bytes <= this.#body.length) return;
    const larger = Buffer.allocUnsafe(
      Math.min(this.#size, Math.max(bytes, this.#body.length * 2, firstBodyBytes)),
    );
    larger.set(this.#body.subarray(0, this.#filled));
    this.#body = larger;
  }
}

/** `who`: 'the other side sends', or a method that would send it. */
export function frameTooLong(who: string, sizeBytes: number, maxFrameBytes: number): ForkyardError {
  return new ForkyardError(
    `${who} a message of ${sizeBytes} bytes, and maxFrameBytes is ${maxFrameBytes}: raise it on both sides, or send less at once.`,
    { code: 'ERR_FORKYARD_FRAME_TOO_LONG' },
  );
}
