// PipeConnection: one end of a pipe in shared memory. An end is a small block of its own, to which everybody refers who has the end,
// also each message that carries it: when nobody does, the other side is told (native/channel/queue.md).
import { types } from 'node:util';
import { Connection } from '../connection/connection.js';
import {
  brokenPipe,
  closedError,
  endOfFile,
  messageTooLong,
  sendingEnded,
  wrongDirection,
} from '../connection/failures.js';
import { ForkyardError, TimeoutError } from '../errors.js';
import { allocateBlock, type BlockHandle, closeBlock, handleOfBlock } from '../memory/shared-blocks.js';
import { optionsOf, type ResolvedWait } from '../options/wait-options.js';
import type { Demand } from '../queue/incoming.js';
import { anything } from '../queue/message-queue.js';
import { discard, encodeBytes, encodeValue, itemType, keep, type OutgoingItem } from '../queue/outgoing.js';
import { lookFor } from '../queue/queue-room.js';
import type { WireExtension } from '../serialize/registry.js';
import { SharedBlock } from '../serialize/slabs.js';
import { type Readiness, readiness } from '../waitable.js';
import { spinHere } from './spinning.js';
import { type Received, type Sent, Way } from './way.js';

const endBytes = 8;

interface Parts {
  /** This end itself. */
  readonly end: SharedBlock;
  readonly other: BlockHandle;
  readonly incoming: Way | undefined;
  readonly outgoing: Way | undefined;
}

/** An end by its buffer: an environment has one object for each. */
const ends = new WeakMap<ArrayBuffer, PipeConnection>();

export class PipeConnection extends Connection {
  readonly #parts: Parts;

  /** @internal Use `Pipe()`. */
  constructor(parts: Parts) {
    super({ canSend: parts.outgoing !== undefined, canRecv: parts.incoming !== undefined });
    this.#parts = parts;
    ends.set(parts.end.buffer, this);
  }

  get [readiness](): Readiness {
    const way = this.#parts.incoming;
    if (way === undefined) throw wrongDirection('wait', 'send');
    if (this.closed) return { isReady: () => true, watch: () => () => {} };
    const isReady = (): boolean => way.isReadable;
    return { isReady, watch: (tell) => way.room.watch(isReady, tell) };
  }

  protected sendValue(method: string, value: unknown, wait: ResolvedWait): Promise<void> {
    return this.#send(method, encodeValue(value), wait);
  }

  protected sendValueSync(method: string, value: unknown, wait: ResolvedWait): void {
    this.#sendSync(method, encodeValue(value), wait);
  }

  protected sendMessage(method: string, bytes: Uint8Array, wait: ResolvedWait): Promise<void> {
    return this.#send(method, encodeBytes(bytes), wait);
  }

  protected sendMessageSync(method: string, bytes: Uint8Array, wait: ResolvedWait): void {
    this.#sendSync(method, encodeBytes(bytes), wait);
  }

  protected async recvValue(method: string, wait: ResolvedWait): Promise<unknown> {
    return this.#valueOf(method, await this.#receive(method, anything, wait));
  }

  protected recvValueSync(method: string, wait: ResolvedWait): unknown {
    return this.#valueOf(method, this.#receiveSync(method, anything, wait));
  }

  protected recvValueNow(method: string): { readonly value: unknown } | undefined {
    const received = this.#incoming.tryReceive(anything);
    return received && { value: this.#valueOf(method, received) };
  }

  protected async recvMessage(method: string, maxLength: number, wait: ResolvedWait): Promise<Buffer> {
    return this.#bytesOf(method, await this.#receive(method, bytesUpTo(maxLength), wait), maxLength);
  }

  protected recvMessageSync(method: string, maxLength: number, wait: ResolvedWait): Buffer {
    return this.#bytesOf(method, this.#receiveSync(method, bytesUpTo(maxLength), wait), maxLength);
  }

  protected async awaitReadable(method: string, wait: ResolvedWait): Promise<boolean> {
    const way = this.#incoming;
    if (way.isReadable || wait.timeoutMs === 0) return way.isReadable;
    spinHere();
    const isReadable = await polled(
      way.room.wait(
        method,
        lookFor(() => way.isReadable),
        optionsOf(wait),
      ),
    );
    if (this.closed) throw closedError(method);
    return isReadable;
  }

  protected awaitReadableSync(method: string, wait: ResolvedWait): boolean {
    const way = this.#incoming;
    if (way.isReadable || wait.timeoutMs === 0) return way.isReadable;
    try {
      way.room.waitSync(
        method,
        lookFor(() => way.isReadable),
        { timeout: wait.timeoutMs },
      );
      return true;
    } catch (error) {
      if (error instanceof TimeoutError) return false;
      throw error;
    }
  }

  protected shut(): void {
    const { end, incoming, outgoing } = this.#parts;
    incoming?.shut();
    outgoing?.shut();
    ends.delete(end.buffer);
    closeBlock(end);
    incoming?.leave();
    outgoing?.leave();
  }

  // As of a socket that several processes have: it holds for all who have this end.
  protected override endSending(): void {
    this.#outgoing.messages.close();
  }

  protected keepAlive(keepsAlive: boolean): void {
    this.#parts.incoming?.room.keepLoopAlive(keepsAlive);
    this.#parts.outgoing?.room.keepLoopAlive(keepsAlive);
  }

  get #incoming(): Way {
    return this.#parts.incoming as Way;
  }

  get #outgoing(): Way {
    return this.#parts.outgoing as Way;
  }

  async #send(method: string, item: OutgoingItem, wait: ResolvedWait): Promise<void> {
    const { room } = this.#outgoing;
    let sent: Sent | undefined;
    try {
      if (!room.hasQueue) sent = this.#outgoing.trySend(item);
      if (sent === undefined) {
        spinHere();
        sent = await room.wait(
          method,
          this.#outgoing.sending(keep(item), wait.timeoutMs === 0),
          optionsOf(wait),
        );
      }
    } finally {
      if (sent?.ended !== 'put') discard(item);
    }
    this.#refuseUnlessSent(method, sent);
  }

  #sendSync(method: string, item: OutgoingItem, wait: ResolvedWait): void {
    const { room } = this.#outgoing;
    let sent = this.#outgoing.trySend(item);
    try {
      sent ??= room.waitSync(method, this.#outgoing.sending(keep(item), wait.timeoutMs === 0), {
        timeout: wait.timeoutMs,
      });
    } finally {
      if (sent?.ended !== 'put') discard(item);
    }
    this.#refuseUnlessSent(method, sent);
  }

  #receive(method: string, demand: Demand, wait: ResolvedWait): Received | Promise<Received> {
    const { room } = this.#incoming;
    const received = room.hasQueue ? undefined : this.#incoming.tryReceive(demand);
    if (received !== undefined) return received;
    spinHere();
    return room.wait(method, this.#incoming.receiving(demand, wait.timeoutMs === 0), optionsOf(wait));
  }

  #receiveSync(method: string, demand: Demand, wait: ResolvedWait): Received {
    const way = this.#incoming;
    return (
      way.tryReceive(demand) ??
      way.room.waitSync(method, way.receiving(demand, wait.timeoutMs === 0), { timeout: wait.timeoutMs })
    );
  }

  #refuseUnlessSent(method: string, sent: Sent): void {
    if (sent.ended === 'put') return;
    if (sent.ended === 'failed') throw sent.error;
    if (this.closed) throw closedError(method);
    throw sent.ended === 'closed' ? sendingEnded(method) : brokenPipe(method);
  }

  #valueOf(method: string, received: Received): unknown {
    if (received.ended === 'got') return received.value;
    if (received.ended === 'failed') throw received.error;
    throw this.closed ? closedError(method) : endOfFile(method);
  }

  #bytesOf(method: string, received: Received, maxLength: number): Buffer {
    if (received.ended !== 'unwanted') return this.#valueOf(method, received) as Buffer;
    if (received.type === itemType.bytes) throw messageTooLong(method, received.length, maxLength);
    throw new ForkyardError(
      `${method}: the next message is a value and not bytes; it was not taken: use recv().`,
      {
        code: 'ERR_FORKYARD_NOT_BYTES',
      },
    );
  }

  /** @internal What of it travels. */
  get parts(): Parts {
    if (this.closed) throw closedError('Connection, sent');
    return this.#parts;
  }
}

/** Two ends: of both directions, or the first receives and the second sends. */
export function makePipe(isDuplex: boolean): [PipeConnection, PipeConnection] {
  const first = allocateBlock(endBytes);
  const second = allocateBlock(endBytes);
  const toFirst = handleOfBlock(first);
  const toSecond = handleOfBlock(second);
  const incoming = new Way('receives', undefined, toSecond);
  const outgoing = isDuplex ? new Way('sends', undefined, toSecond) : undefined;
  return [
    new PipeConnection({ end: first, other: toSecond, incoming, outgoing }),
    new PipeConnection({
      end: second,
      other: toFirst,
      incoming: outgoing && new Way('receives', outgoing.messages.block, toFirst),
      outgoing: new Way('sends', incoming.messages.block, toFirst),
    }),
  ];
}

/** Registered by reducers.ts. */
export const pipeExtension: WireExtension<PipeConnection> = {
  tag: 'forkyard.pipe',
  matches: (value) => !types.isProxy(value) && value instanceof PipeConnection,
  encode: (connection) => {
    const { end, other, incoming, outgoing } = connection.parts;
    const blockOf = (way: Way | undefined) => way?.messages.block ?? null;
    return [end, other.block, other.generation, blockOf(incoming), blockOf(outgoing)];
  },
  decode: (plain) => connectionOf(plain as readonly unknown[]),
};

function connectionOf([end, block, generation, incoming, outgoing]: readonly unknown[]): PipeConnection {
  const isBlock = (value: unknown) => value === null || value instanceof SharedBlock;
  if (!(end instanceof SharedBlock) || !isBlock(incoming) || !isBlock(outgoing)) {
    throw new TypeError('a connection is damaged');
  }
  const known = ends.get(end.buffer);
  if (known !== undefined) return known;
  const other = { block: Number(block), generation: Number(generation) };
  const way = (direction: 'sends' | 'receives', at: unknown) =>
    at === null ? undefined : new Way(direction, at as SharedBlock, other);
  return new PipeConnection({
    end,
    other,
    incoming: way('receives', incoming),
    outgoing: way('sends', outgoing),
  });
}

function bytesUpTo(maxLength: number): Demand {
  return { types: 1 << itemType.bytes, maxLength: Math.min(maxLength, 0xffff_ffff) };
}

async function polled(wait: Promise<unknown>): Promise<boolean> {
  try {
    await wait;
    return true;
  } catch (error) {
    if (error instanceof TimeoutError) return false;
    throw error;
  }
}
