// What is being read and what it gave so far: input bytes, identities, slabs, deferred containers. All limits that keep
// a hostile input from reading or allocating more than it holds are here. Kinds of values are in decode-*.ts.
import { SerializationError } from '../errors.js';
import type { WireRegistry } from './registry.js';
import type { SharedBlock, SlabReceiver } from './slabs.js';
import type { StrangerBudget } from './stranger-budget.js';
import { kMaxDepth, kMaxLength, kMaxResizableBytes } from './wire-format.js';

/** What a decoding is made with. `readValue` is handed in because the file that holds it imports this one. */
export interface DecodeContext {
  readonly readValue: (state: DecodeState) => unknown;
  /** Reads the bodies of the containers deferred from the n-th on. */
  readonly readDeferred: (state: DecodeState, from: number) => void;
  readonly registry: WireRegistry;
  readonly slabs: SlabReceiver | undefined;
  /** For messages of other programs. A family's members may send each other whatever they have room for. */
  readonly budget: StrangerBudget | undefined;
}

/** A container that exists, and is referred to, before its body was read. */
export interface DeferredContainer {
  readonly tag: number;
  readonly container: object;
}

const kKeptIdentities = 4096;
/** After so many objects a budget is asked whether there is room for as many again. */
const kAuditObjects = 65_536;
/** Beyond any number of objects that a heap holds. */
const kNever = 2 ** 30;
/** About what an object takes, with its place in what holds it. */
const kObjectBytes = 200;
/** Asking how much of the heap is used takes some microseconds: once for so much. */
const kLargeBytes = 2 ** 20;
/** Parts of a stranger's errors that cannot be rebuilt: describing one costs much more than sending it. */
const kMaxFailedFrames = 1000;

export class DecodeState {
  bytes: Uint8Array = new Uint8Array(0);
  position = 0;
  end = 0;
  depth = 0;
  readonly deferred: DeferredContainer[] = [];
  readonly readValue: DecodeContext['readValue'];
  readonly readDeferred: DecodeContext['readDeferred'];
  readonly registry: WireRegistry;
  #start = 0;
  #identities: (object | undefined)[] = [];
  #identityCount = 0;
  #elementBudget = 0;
  #resizableBudget = 0;
  /** How many identities may be made up for parts that were stepped over. */
  #skipBudget = 0;
  #nextAudit = kNever;
  #claimedHeap = 0;
  #failedFrames = 0;
  #isRefused = false;
  #slabCount = 0;
  readonly #budget: StrangerBudget | undefined;
  readonly #slabs: SlabReceiver | undefined;

  constructor(context: DecodeContext) {
    this.readValue = context.readValue;
    this.readDeferred = context.readDeferred;
    this.registry = context.registry;
    this.#slabs = context.slabs;
    this.#budget = context.budget;
  }

  begin(bytes: Uint8Array, start: number, end: number): void {
    if (this.#identityCount > 0) this.finish();
    this.depth = 0;
    this.bytes = bytes;
    this.position = start;
    this.#start = start;
    this.end = end;
    this.#elementBudget = end - start;
    this.#resizableBudget = kMaxResizableBytes;
    this.#skipBudget = end - start;
    this.#slabCount = 0;
    if (this.#budget === undefined) return;
    this.#budget.begin(end - start);
    this.#nextAudit = kAuditObjects;
    this.#claimedHeap = 0;
    this.#failedFrames = 0;
    this.#isRefused = false;
  }

  /** Forgets what was read: an idle decoder keeps nothing alive. */
  finish(): void {
    this.depth = 0;
    if (this.#identityCount > kKeptIdentities) this.#identities = [];
    else for (let i = 0; i < this.#identityCount; i++) this.#identities[i] = undefined;
    this.#identityCount = 0;
    if (this.deferred.length > 0) this.deferred.length = 0;
  }

  readByte(): number {
    if (this.position >= this.end) throw this.corrupt('it ends too early');
    return this.bytes[this.position++];
  }

  /** A varint. It is only a claim: use `claimBytes` or `claimElements` before allocating. */
  readLength(): number {
    let byte = this.readByte();
    if (byte < 0x80) return byte;
    let length = byte & 0x7f;
    for (let factor = 128; ; factor *= 128) {
      byte = this.readByte();
      length += (byte & 0x7f) * factor;
      if (length > kMaxLength || (byte === 0 && factor > 1)) throw this.corrupt('a length is out of range');
      if (byte < 0x80) return length;
    }
  }

  readUint32(): number {
    const position = this.claimBytes(4);
    const bytes = this.bytes;
    const low = bytes[position] | (bytes[position + 1] << 8) | (bytes[position + 2] << 16);
    return low + bytes[position + 3] * 0x1000000;
  }

  /** Steps over `size` bytes and returns where they begin; throws if there are not so many. */
  claimBytes(size: number): number {
    const position = this.position;
    if (size > this.end - position) throw this.corrupt('a length goes beyond its end');
    this.position = position + size;
    return position;
  }

  /** Asserts that so many more values can follow: each takes a byte, and no byte is counted for two arrays. */
  claimElements(count: number): void {
    this.#elementBudget -= count;
    if (count > this.end - this.position || this.#elementBudget < 0)
      throw this.corrupt('a count goes beyond its end');
    this.claimHeap(count * 8);
  }

  /** Asserts that a stranger's message may take so much more of the heap. */
  claimHeap(sizeBytes: number): void {
    if (this.#budget === undefined) return;
    this.#claimedHeap += sizeBytes;
    if (this.#claimedHeap < kLargeBytes) return;
    const refusal = this.#budget.refuseHeap(this.#claimedHeap);
    if (refusal !== undefined) throw this.refuse(refusal);
    this.#claimedHeap = 0;
  }

  /** Before a resizable buffer is made. */
  claimResizable(maxByteLength: number): void {
    this.#resizableBudget -= maxByteLength;
    if (this.#resizableBudget < 0) throw this.corrupt('its resizable buffers reserve more than 1 GiB');
    const refusal = this.#budget?.refuseMapping();
    if (refusal !== undefined) throw this.refuse(refusal);
  }

  /** After it was made. */
  countResizable(buffer: ArrayBuffer): void {
    this.#budget?.countMapping(buffer);
  }

  /** After a part of an error that could not be rebuilt. */
  countFailedFrame(): void {
    if (++this.#failedFrames > kMaxFailedFrames && this.#budget !== undefined)
      throw this.refuse('too many parts of its errors cannot be rebuilt');
  }

  /** Gives an object the next identity number. */
  keep<T extends object>(object: T): T {
    this.#identities[this.#identityCount++] = object;
    if (this.#identityCount >= this.#nextAudit) this.#audit();
    return object;
  }

  /** Takes the next identity number for an object that can be made only later, with `settle`. */
  reserveIdentity(): number {
    this.#identities[this.#identityCount] = undefined;
    if (this.#identityCount >= this.#nextAudit) this.#audit();
    return this.#identityCount++;
  }

  settle<T>(identity: number, object: T): T {
    this.#identities[identity] = object as object;
    return object;
  }

  get identityCount(): number {
    return this.#identityCount;
  }

  referred(identity: number): object {
    const object = identity < this.#identityCount ? this.#identities[identity] : undefined;
    if (object === undefined) throw this.corrupt('it refers to an object that it does not hold');
    return object;
  }

  get slabCount(): number {
    return this.#slabCount;
  }

  takeSlab(size: number): ArrayBuffer {
    const buffer = this.#receiver().take(this.#slabCount++);
    if (buffer.byteLength < size) throw this.corrupt('a slab is shorter than what it is said to hold');
    return buffer;
  }

  takeSharedBlock(): SharedBlock {
    return this.#receiver().takeShared(this.#slabCount++);
  }

  /** After a part that could not be read: as if it had been, with its objects missing. */
  skipTo(position: number, identityCount: number, slabCount: number): void {
    this.position = position;
    // Each is a byte of the part at least, and no part is stepped over twice; a claim is no reason to count for minutes.
    this.#skipBudget -= Math.max(0, identityCount - this.#identityCount);
    if (this.#skipBudget < 0) throw this.refuse('its errors claim more objects than it can hold');
    while (this.#identityCount < identityCount) this.reserveIdentity();
    while (this.#identityCount > identityCount) this.#identities[--this.#identityCount] = undefined;
    this.#slabCount = slabCount;
  }

  descend(): void {
    if (++this.depth > kMaxDepth) throw this.corrupt('it is nested too deep');
  }

  /** Whether the message as a whole was refused: then no part of it is stepped over. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  refuse(why: string): SerializationError {
    this.#isRefused = true;
    return new SerializationError(`cannot read the message: ${why}`, {
      code: 'ERR_FORKYARD_CORRUPT_MESSAGE',
    });
  }

  // The list of identities, which is moved when it grows, counts as well.
  #audit(): void {
    this.#nextAudit += kAuditObjects;
    this.claimHeap(kAuditObjects * kObjectBytes + this.#identityCount * 24);
  }

  #receiver(): SlabReceiver {
    if (this.#slabs !== undefined) return this.#slabs;
    throw this.corrupt('it refers to shared memory, which cannot be received here');
  }

  corrupt(what: string): SerializationError {
    const where = `at byte ${this.position - this.#start}`;
    return new SerializationError(
      `cannot read the message: ${what} (${where}); it is damaged, or was written by another version of forkyard`,
      { code: 'ERR_FORKYARD_CORRUPT_MESSAGE' },
    );
  }
}
