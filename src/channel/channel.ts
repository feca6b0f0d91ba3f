// Channel: messages in both directions between this environment and one other, over two rings. Made by one side, which
// hands the address to the other. What the messages mean is process/ and pool/.
import { ForkyardError } from '../errors.js';
import type { BellSource } from '../family/bell.js';
import { type Membership, member } from '../family/membership.js';
import { allocationError } from '../memory/allocation-error.js';
import { RecordSlabs } from '../memory/slabs.js';
import { type Addon, type AddonConstants, reapOutcome, type SlotId } from '../native/contract.js';
import { Decoder } from '../serialize/decoder.js';
import { Fifo } from '../util/fifo.js';
import { viewRing } from './ring-layout.js';
import { RingReader } from './ring-reader.js';
import { type EncodedMessage, type RecordHead, RingWriter, roomOf } from './ring-writer.js';
import { encodingTools } from './tools.js';
import { UnbegunRecords } from './unbegun-records.js';

const defaultRingBytes = 128 * 1024;

/** Where the two rings of a channel are; plain numbers, valid inside the family. `out` is the maker's direction. */
export interface ChannelAddress {
  readonly out: RingHandle;
  readonly in: RingHandle;
  readonly peer: number;
}

/** A handle: the block and which of its lives is meant. */
export interface RingHandle {
  readonly block: number;
  readonly generation: number;
}

/** Called for each message while `reader` stands at it. */
export type MessageHandler = (reader: RingReader) => void;

interface Waiting {
  readonly head: RecordHead;
  readonly message: EncodedMessage;
}

export class Channel implements BellSource {
  readonly writer: RingWriter;
  readonly reader: RingReader;
  /** What this side sent and the peer has not begun; for rings whose reader claims. */
  readonly unbegun: UnbegunRecords;
  readonly address: ChannelAddress;
  readonly #member: Membership;
  readonly #cells: readonly [number, number];
  readonly #peer: number;
  readonly #waiting = new Fifo<Waiting>();
  #onMessage: MessageHandler = () => {};
  #onDrained: () => void = () => {};
  #onCorrupt: (error: unknown) => void = () => {};
  #closed = false;
  // Bytes of a message of the caller's that waits for room; 0 if there is none.
  #wanted = 0;

  private constructor(membership: Membership, ends: { out: RingHandle; in: RingHandle }, own: Own) {
    const { addon } = membership;
    this.#member = membership;
    this.#cells = own.cells;
    this.#peer = own.peer;
    this.address = { ...ends, peer: membership.slot.index };
    const outRing = viewRing(addon, ends.out.block);
    const inRing = viewRing(addon, ends.in.block);
    const tools = encodingTools(membership);
    const slabs = new RecordSlabs(addon, tools.slabs, ends.in.block);
    this.writer = new RingWriter(addon, outRing, tools);
    this.reader = new RingReader(addon, inRing, { decoder: new Decoder({ slabs }), slabs });
    this.unbegun = new UnbegunRecords(addon, outRing);
    this.outWords = outRing.words;
    this.inWords = inRing.words;
  }

  /** The shared words of each ring: a pool keeps a worker's running figures there. */
  readonly outWords: Int32Array;
  readonly inWords: Int32Array;

  /** Makes a channel to the environment that will claim `peer`. Throws `ResourceError` when memory is out. */
  static create(peer: SlotId, ringBytes = defaultRingBytes): Channel {
    const membership = member();
    const out = createRing(membership.addon, ringBytes);
    try {
      const back = createRing(membership.addon, ringBytes);
      return new Channel(
        membership,
        { out: out.handle, in: back.handle },
        { cells: [out.cell, back.cell], peer: peer.index },
      );
    } catch (error) {
      membership.addon.release(out.cell);
      throw error;
    }
  }

  /** The other side of a channel that `address` came from. */
  static attach(address: ChannelAddress): Channel {
    const membership = member();
    const out = acquireRing(membership.addon, address.in);
    const back = acquireRing(membership.addon, address.out);
    return new Channel(
      membership,
      { out: address.in, in: address.out },
      { cells: [out, back], peer: address.peer },
    );
  }

  /** Begins to deliver messages. A message stays in the ring while it is handled. */
  listen(handlers: {
    onMessage: MessageHandler;
    /** Everything that had arrived was delivered, or there is the room that `wantRoom` asked for. */
    onDrained?: () => void;
    /** The peer wrote nonsense; nothing more is read. */
    onCorrupt?: (error: unknown) => void;
  }): void {
    this.#onMessage = handlers.onMessage;
    if (handlers.onDrained !== undefined) this.#onDrained = handlers.onDrained;
    if (handlers.onCorrupt !== undefined) this.#onCorrupt = handlers.onCorrupt;
    this.#member.bell.add(this);
  }

  /** Sends now, or as soon as the ring has room: in order. The value is encoded here; the error is the caller's. */
  send(head: RecordHead, value: unknown): void {
    this.post(head, value);
    this.wakePeer();
  }

  /** `send` without waking the peer: the caller does so after a few more. */
  post(head: RecordHead, value: unknown): void {
    if (this.#closed) {
      throw new ForkyardError('Channel.send() after close: the other process has ended or was let go.', {
        code: 'ERR_FORKYARD_CHANNEL_CLOSED',
      });
    }
    // Behind what waits already: the order is the caller's.
    const unsent = this.#waiting.length > 0 ? this.writer.encode(value) : this.writer.write(head, value);
    if (unsent !== null) this.#waiting.push({ head, message: unsent });
  }

  /** Wakes the peer, if it sleeps, when the current microtasks have run. */
  wakePeer(): void {
    this.#member.bell.others.wakeSoon(this.#peer);
  }

  /** The same without waiting for the current microtasks. */
  wakePeerNow(): void {
    this.#member.bell.others.wake(this.#peer);
  }

  /** Whether the peer was rung for and does not run yet. */
  get isPeerOverdue(): boolean {
    return this.#member.bell.others.isOverdue(this.#peer);
  }

  /**
   * A message that the caller keeps found no room. True: by now there is some. False: the peer tells when there is, and
   * then `onDrained` is called.
   */
  wantRoom(message: EncodedMessage): boolean {
    const bytes = roomOf(message);
    if (this.writer.waitForRoom(bytes)) return true;
    this.#wanted = bytes;
    return false;
  }

  /** Whether anything waits for room. */
  get isFull(): boolean {
    return this.#waiting.length > 0 || this.#wanted > 0;
  }

  /** Messages that wait for room. */
  get backlog(): number {
    return this.#waiting.length;
  }

  hasWork(): boolean {
    if (this.#closed) return false;
    if (this.#waiting.length > 0 && this.flush()) return true;
    return this.reader.hasRecord() || (this.#wanted > 0 && this.writer.waitForRoom(this.#wanted));
  }

  drain(most = Infinity): number {
    if (this.#closed) return 0;
    const wasFull = this.isFull;
    this.flush();
    if (this.#wanted > 0 && this.writer.waitForRoom(this.#wanted)) this.#wanted = 0;
    let messages = 0;
    while (!this.#closed && messages < most && this.#findRecord()) {
      messages++;
      try {
        this.#onMessage(this.reader);
      } finally {
        if (!this.#closed && this.reader.advance()) this.wakePeer();
      }
    }
    if (messages > 0 || wasFull) this.#onDrained();
    return messages;
  }

  get constants(): AddonConstants {
    return this.#member.addon.constants;
  }

  /** Sends what waits for room. True if nothing waits any longer. */
  flush(): boolean {
    if (this.#waiting.length === 0) return true;
    while (this.#waiting.length > 0) {
      const { head, message } = this.#waiting.peek() as Waiting;
      if (!this.writer.writeEncoded(head, message)) {
        if (!this.writer.waitForRoom(roomOf(message))) return false;
        continue;
      }
      this.#waiting.shift();
      this.wakePeer();
    }
    return true;
  }

  /** Leaves for good. Whoever leaves last gives back what is still in the rings. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { addon, bell } = this.#member;
    bell.remove(this);
    for (const { message } of this.#waiting.takeAll()) {
      for (const cell of message.cells) addon.release(cell);
    }
    for (const cell of this.#cells) addon.closeRing(cell);
  }

  #findRecord(): boolean {
    try {
      return this.reader.next();
    } catch (error) {
      this.#member.bell.remove(this);
      this.#onCorrupt(error);
      return false;
    }
  }
}

interface Own {
  readonly cells: readonly [number, number];
  readonly peer: number;
}

/** Sweeps the slot of an environment that has ended. False while somebody else is at it: ask again. */
export function sweepPeer(slot: SlotId): boolean {
  const { addon } = member();
  if (addon.isGone(slot.index, slot.generation)) return true;
  if (addon.cancelReservation(slot.index, slot.generation)) return true;
  return addon.reap(slot.index) === reapOutcome.reaped || addon.isGone(slot.index, slot.generation);
}

function createRing(addon: Addon, bytes: number): { handle: RingHandle; cell: number } {
  const cell = addon.createRing(bytes);
  if (cell < 0) throw allocationError(addon.constants, cell, bytes);
  const block = addon.blockOf(cell);
  return { handle: { block, generation: addon.generationOf(block) }, cell };
}

function acquireRing(addon: Addon, handle: RingHandle): number {
  const cell = addon.acquire(handle.block, handle.generation);
  if (cell >= 0) return cell;
  throw new ForkyardError(
    'The channel that this process was given no longer exists: its maker has let it go.',
    {
      code: 'ERR_FORKYARD_STALE_HANDLE',
    },
  );
}
