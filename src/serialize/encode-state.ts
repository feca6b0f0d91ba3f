// Where an encoding is written and what it has met so far: the output bytes, identities, slabs, deferred containers.
// Knows no kind of value: those are in encode-*.ts, which import this file and are reached through `writeValue`.
import type { WireRegistry } from './registry.js';
import type { SlabSender } from './slabs.js';
import { kMaxDepth, Tag } from './wire-format.js';

/** Thrown inside the codec when a value cannot be encoded; Encoder makes a SerializationError with its path of it. */
export class EncodeFailure {
  constructor(
    readonly offender: unknown,
    /** "a function cannot ..., so ...": what is wrong and the remedy. */
    readonly reason: string,
  ) {}
}

/** A point to which an encoding can be rolled back. */
export interface Mark {
  readonly size: number;
  readonly identities: number;
  readonly tokens: number;
  readonly depth: number;
  readonly deferred: number;
  readonly open: number;
}

/** A container whose body is still to be written. */
export interface DeferredValue {
  readonly tag: number;
  readonly value: object;
}

/** What an encoding is made with. The functions are handed in because the files that hold them import this one. */
export interface EncodeContext {
  readonly writeValue: (state: EncodeState, value: unknown) => void;
  /** Writes the bodies of the containers deferred from the n-th on. */
  readonly writeDeferred: (state: EncodeState, from: number) => void;
  readonly registry: WireRegistry;
  readonly slabs: SlabSender | undefined;
  readonly outOfBandBytes: number;
}

const kLinearSearchMax = 16;
const kKeptIdentities = 4096;
const kKeptBytes = 4 * 1024 * 1024;
const kFirstBytes = 4096;

export class EncodeState {
  bytes: Uint8Array = new Uint8Array(kFirstBytes);
  start = 0;
  position = 0;
  limit = kFirstBytes;
  spilled = true;
  depth = 0;
  /** While a value is being encoded. */
  busy = false;
  /** An array that is a mere list: its named properties, if it has any, are not sent. */
  list: unknown;
  readonly tokens: number[] = [];
  readonly deferred: DeferredValue[] = [];
  /** Identity numbers of objects under encoding that exist at the receiver only after their content does. */
  readonly open: number[] = [];
  readonly writeValue: EncodeContext['writeValue'];
  readonly writeDeferred: EncodeContext['writeDeferred'];
  readonly registry: WireRegistry;
  readonly slabs: SlabSender | undefined;
  readonly outOfBandBytes: number;
  #own: Uint8Array = this.bytes;
  #seen: (object | undefined)[] = new Array(kLinearSearchMax).fill(undefined);
  #seenCount = 0;
  #identities: Map<object, number> | undefined = undefined;

  constructor(context: EncodeContext) {
    this.writeValue = context.writeValue;
    this.writeDeferred = context.writeDeferred;
    this.registry = context.registry;
    this.slabs = context.slabs;
    this.outOfBandBytes = context.outOfBandBytes;
  }

  /** Starts an encoding into target[start, end), or into the state's own buffer. */
  begin(target: Uint8Array | undefined, start: number, end: number): void {
    if (this.tokens.length > 0) this.tokens.length = 0;
    if (this.#seenCount > 0) this.finish();
    if (target === undefined) {
      this.#useOwn();
      return;
    }
    this.bytes = target;
    this.start = start;
    this.position = start;
    this.limit = end;
    this.spilled = false;
  }

  /** Forgets the objects met: they must not be kept alive by an idle encoder. */
  finish(): void {
    this.busy = false;
    this.list = undefined;
    this.depth = 0;
    if (this.#seenCount > 0) this.#forget();
  }

  /** Makes room for `size` more bytes. Read `bytes` and `position` again after it. */
  reserve(size: number): void {
    if (this.position + size > this.limit) this.#grow(size);
  }

  writeByte(byte: number): void {
    this.reserve(1);
    this.bytes[this.position++] = byte;
  }

  /** Seven bits a byte, low ones first; up to 2^53. */
  writeLength(length: number): void {
    this.reserve(8);
    if (length <= 0x7f) {
      this.bytes[this.position++] = length;
      return;
    }
    let rest = length;
    while (rest > 0x7f) {
      this.bytes[this.position++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.position++] = rest;
  }

  writeUint32At(position: number, value: number): void {
    const bytes = this.bytes;
    bytes[position] = value;
    bytes[position + 1] = value >>> 8;
    bytes[position + 2] = value >>> 16;
    bytes[position + 3] = value >>> 24;
  }

  writeBytes(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.position);
    this.position += source.length;
  }

  /** Gives the object the next identity number, or writes a Reference and returns false if it has one. */
  enter(value: object): boolean {
    const count = this.#seenCount;
    if (count <= kLinearSearchMax) {
      for (let i = 0; i < count; i++) if (this.#seen[i] === value) return this.#refer(i);
    } else {
      const known = this.#identityMap().get(value);
      if (known !== undefined) return this.#refer(known);
    }
    if (count >= kLinearSearchMax) this.#identityMap().set(value, count);
    this.#seen[count] = value;
    this.#seenCount = count + 1;
    return true;
  }

  /** The identity number given last. */
  get lastIdentity(): number {
    return this.#seenCount - 1;
  }

  descend(value: object): void {
    if (++this.depth > kMaxDepth) {
      throw new EncodeFailure(value, 'it is nested too deep inside errors or registered classes; flatten it');
    }
  }

  mark(): Mark {
    return {
      size: this.position - this.start,
      identities: this.#seenCount,
      tokens: this.tokens.length,
      depth: this.depth,
      deferred: this.deferred.length,
      open: this.open.length,
    };
  }

  /** Undoes all that was written since the mark, slabs included. */
  rollBack(mark: Mark): void {
    this.position = this.start + mark.size;
    this.depth = mark.depth;
    this.deferred.length = mark.deferred;
    this.open.length = mark.open;
    for (let i = mark.identities; i < this.#seenCount; i++) {
      this.#identities?.delete(this.#seen[i] as object);
      this.#seen[i] = undefined;
    }
    // Below this size the array is searched; the Map must then be filled anew when it is needed again.
    if (mark.identities <= kLinearSearchMax) this.#identities?.clear();
    this.#seenCount = mark.identities;
    this.dropTokens(mark.tokens);
  }

  /** Gives back the slabs from the n-th on. */
  dropTokens(from: number): void {
    const dropped = this.tokens.splice(from);
    for (const token of dropped) this.slabs?.drop(token);
  }

  #refer(identity: number): false {
    if (this.open.length > 0 && this.open.includes(identity)) {
      const reason =
        'it contains itself, and its class makes an instance only from complete content (fromWire)';
      throw new EncodeFailure(
        this.#seen[identity],
        `${reason}; send a reference of another kind, such as an id`,
      );
    }
    this.writeByte(Tag.Reference);
    this.writeLength(identity);
    return false;
  }

  #useOwn(): void {
    if (this.#own.length > kKeptBytes) this.#own = new Uint8Array(kFirstBytes);
    this.bytes = this.#own;
    this.start = 0;
    this.position = 0;
    this.limit = this.#own.length;
    this.spilled = true;
  }

  #forget(): void {
    if (this.#seenCount > kKeptIdentities) this.#seen = new Array(kLinearSearchMax).fill(undefined);
    else for (let i = 0; i < this.#seenCount; i++) this.#seen[i] = undefined;
    if (this.#identities !== undefined && this.#seenCount > kLinearSearchMax) {
      if (this.#identities.size > kKeptIdentities) this.#identities = undefined;
      else this.#identities.clear();
    }
    this.#seenCount = 0;
    if (this.deferred.length > 0) this.deferred.length = 0;
    if (this.open.length > 0) this.open.length = 0;
  }

  // Most messages hold a handful of objects, for which a search in an array is cheaper than a Map.
  #identityMap(): Map<object, number> {
    this.#identities ??= new Map();
    if (this.#identities.size === 0) {
      for (let i = 0; i < kLinearSearchMax; i++) this.#identities.set(this.#seen[i] as object, i);
    }
    return this.#identities;
  }

  #grow(size: number): void {
    const used = this.position - this.start;
    const needed = used + size;
    if (needed > this.#own.length) {
      const larger = new Uint8Array(Math.max(needed + (needed >>> 1), kFirstBytes));
      larger.set(this.bytes.subarray(this.start, this.position));
      this.#own = larger;
    } else {
      this.#own.set(this.bytes.subarray(this.start, this.position));
    }
    this.bytes = this.#own;
    this.start = 0;
    this.position = used;
    this.limit = this.#own.length;
    this.spilled = true;
  }
}
