// ShareableList: a list of fixed length in shared memory, for any program that knows its name. Python:
// multiprocessing.shared_memory.ShareableList, byte for byte; the bytes are list-format.ts.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { checkOptions } from '../named/names.js';
import {
  codes,
  damaged,
  decodeValue,
  type EncodedValue,
  encodeValue,
  formatOfSlot,
  isFloatFormat,
  type ShareableValue,
  slotBytesOf,
  wordBytes,
} from './list-format.js';
import { SharedMemory } from './shared-memory.js';

export interface ShareableListOptions {
  /** Of the memory that is made for the values; without values, of the list to attach to. */
  readonly name?: string | undefined;
}

const constructing = 'new ShareableList';
// Length, first offset.
const emptyListBytes = 2 * wordBytes;

export class ShareableList implements Iterable<ShareableValue> {
  /** The memory that the list lies in. */
  readonly shm: SharedMemory;
  readonly #length: number;
  /** Where each slot begins, and the last one ends, from the start of the memory. */
  readonly #offsets: readonly number[];

  /**
   * A list of these values in new memory, which is removed when the family ends at the latest; or, without values, the list
   * of that name. Its length is fixed, and so is the room of each item: 8 bytes, and for text and bytes as many as they
   * need, rounded up. Throws what `new SharedMemory` throws, `TypeError` and `RangeError` for values that no list takes, and
   * `ERR_FORKYARD_DAMAGED` if the memory is no list.
   */
  constructor(values?: Iterable<ShareableValue> | null, options?: ShareableListOptions) {
    const { name } = checkOptions(constructing, options, ['name']);
    const isNew = (values !== undefined && values !== null) || name === undefined;
    this.shm = adopted ?? (isNew ? makeMemory(encodeAll(values ?? []), name) : new SharedMemory({ name }));
    adopted = undefined;
    try {
      const bytes = this.shm.buf;
      this.#length = readLength(bytes);
      this.#offsets = readOffsets(bytes, this.#length);
    } catch (error) {
      this.shm.close();
      throw error;
    }
  }

  /** @internal The list in memory that is attached to already. */
  static over(memory: SharedMemory): ShareableList {
    adopted = memory;
    try {
      return new ShareableList();
    } finally {
      adopted = undefined;
    }
  }

  get length(): number {
    return this.#length;
  }

  /** Python's `struct` formats of all items, one after the other. */
  get format(): string {
    const bytes = this.#bytes('format');
    return Array.from({ length: this.#length }, (_, place) => this.#formatAt(bytes, place)).join('');
  }

  /**
   * The item; -1 is the last one. Integers beyond 2^53 are BigInts. Throws `RangeError` beyond the ends, and
   * `ERR_FORKYARD_DAMAGED` for what no list has written.
   */
  at(index: number): ShareableValue {
    return this.#read(this.#bytes('at'), this.#placeOf('ShareableList.at', index));
  }

  /**
   * Sets an item, of the same kind or of another. A whole number stays a float in a slot that holds one. Throws `RangeError`
   * beyond the ends and for what is too long for the slot, with nothing changed.
   */
  put(index: number, value: ShareableValue): void {
    const method = 'ShareableList.put';
    const bytes = this.#bytes('put');
    const place = this.#placeOf(method, index);
    const before = this.#formatAt(bytes, place);
    const encoded = encodeValue(method, 'value', value, isFloatFormat(before));
    const isText = encoded.code === codes.string || encoded.code === codes.bytes;
    const start = this.#offsets[place] as number;
    const room = (this.#offsets[place + 1] as number) - start;
    if (encoded.bytes.length > room) {
      throw argumentRangeError(method, 'value', `at most ${room} bytes long, the size of its slot`, value);
    }
    bytes.fill(0, start, start + (isText ? room : wordBytes));
    bytes.set(encoded.bytes, start);
    this.#writeFormat(bytes, place, { ...encoded, format: isText ? formatOfSlot(room) : encoded.format });
  }

  *[Symbol.iterator](): Generator<ShareableValue, void, undefined> {
    for (let place = 0; place < this.#length; place++) yield this.#read(this.#bytes('next'), place);
  }

  /** How many items are equal to it: the same number, text, bytes. */
  count(value: ShareableValue): number {
    let found = 0;
    for (const item of this) if (isEqual(item, value)) found++;
    return found;
  }

  /** The place of the first item that is equal to it, or -1. */
  indexOf(value: ShareableValue): number {
    let place = 0;
    for (const item of this) {
      if (isEqual(item, value)) return place;
      place++;
    }
    return -1;
  }

  /** The same, but throws `RangeError` if there is none. */
  index(value: ShareableValue): number {
    const place = this.indexOf(value);
    if (place >= 0) return place;
    throw argumentRangeError('ShareableList.index', 'value', 'an item of the list', value);
  }

  /** As `SharedMemory.close`. */
  close(): void {
    this.shm.close();
  }

  /** As `SharedMemory.unlink`. */
  unlink(): void {
    this.shm.unlink();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #bytes(method: string): Uint8Array {
    if (this.shm.isClosed) throw this.shm.closedError(`ShareableList.${method}`);
    return this.shm.buf;
  }

  #placeOf(method: string, index: number): number {
    if (typeof index !== 'number') throw argumentTypeError(method, 'index', 'a number', index);
    const place = index < 0 ? index + this.#length : index;
    if (Number.isInteger(place) && place >= 0 && place < this.#length) return place;
    const ends = `an integer from ${-this.#length} to ${this.#length - 1}`;
    throw argumentRangeError(
      method,
      'index',
      this.#length === 0 ? 'left alone: the list is empty' : ends,
      index,
    );
  }

  #read(bytes: Uint8Array, place: number): ShareableValue {
    const slot = bytes.subarray(this.#offsets[place], this.#offsets[place + 1]);
    return decodeValue(this.#formatAt(bytes, place), bytes[this.#codesStart + place] as number, slot);
  }

  #formatAt(bytes: Uint8Array, place: number): string {
    const start = this.#formatsStart + place * wordBytes;
    const text = String.fromCharCode(...bytes.subarray(start, start + wordBytes));
    return text.replace(/\0+$/, '');
  }

  #writeFormat(bytes: Uint8Array, place: number, { format, code }: EncodedValue): void {
    const start = this.#formatsStart + place * wordBytes;
    bytes.fill(0, start, start + wordBytes);
    bytes.set(Buffer.from(format), start);
    bytes[this.#codesStart + place] = code;
  }

  get #formatsStart(): number {
    return this.#offsets[this.#length] as number;
  }

  get #codesStart(): number {
    return this.#formatsStart + this.#length * wordBytes;
  }
}

// What `over` hands to the constructor.
let adopted: SharedMemory | undefined;

function encodeAll(values: unknown): EncodedValue[] {
  if (typeof values !== 'object' || values === null || !(Symbol.iterator in values)) {
    throw argumentTypeError(constructing, 'values', 'an iterable of values', values);
  }
  return Array.from(values as Iterable<unknown>, (value, place) =>
    encodeValue(constructing, `values[${place}]`, value),
  );
}

function makeMemory(items: readonly EncodedValue[], name: string | undefined): SharedMemory {
  const dataStart = dataStartOf(items.length);
  const dataBytes = items.reduce((sum, { format }) => sum + slotBytesOf(format), 0);
  const size = dataStart + dataBytes + items.length * (wordBytes + 1);
  const memory = new SharedMemory({ name, create: true, size });
  const bytes = memory.buf;
  const words = new DataView(bytes.buffer, 0, dataStart);
  words.setBigInt64(0, BigInt(items.length), true);
  let offset = 0;
  items.forEach(({ format, code, bytes: content }, place) => {
    bytes.set(content, dataStart + offset);
    bytes.set(Buffer.from(format), dataStart + dataBytes + place * wordBytes);
    bytes[dataStart + dataBytes + items.length * wordBytes + place] = code;
    offset += slotBytesOf(format);
    words.setBigInt64((place + 2) * wordBytes, BigInt(offset), true);
  });
  return memory;
}

function dataStartOf(length: number): number {
  return emptyListBytes + length * wordBytes;
}

/** As many items as there is room for, at most. */
function readLength(bytes: Uint8Array): number {
  if (bytes.length < emptyListBytes) throw damaged(`it has ${bytes.length} bytes only`);
  const length = Number(new DataView(bytes.buffer).getBigInt64(0, true));
  // Offset, format and code.
  const most = Math.floor((bytes.length - emptyListBytes) / (2 * wordBytes + 1));
  if (length >= 0 && length <= most) return length;
  throw damaged(`it claims to have ${length} items in ${bytes.length} bytes`);
}

function readOffsets(bytes: Uint8Array, length: number): number[] {
  const words = new DataView(bytes.buffer);
  const dataStart = dataStartOf(length);
  const end = bytes.length - length * (wordBytes + 1);
  const offsets = Array.from(
    { length: length + 1 },
    (_, place) => dataStart + Number(words.getBigInt64((place + 1) * wordBytes, true)),
  );
  const isOrdered = offsets.every((offset, place) => offset >= (offsets[place - 1] ?? dataStart));
  if (isOrdered && (offsets.at(-1) as number) <= end) return offsets;
  throw damaged('its slots do not lie one after the other');
}

function isEqual(item: ShareableValue, value: ShareableValue): boolean {
  if (item instanceof Uint8Array) return value instanceof Uint8Array && Buffer.compare(item, value) === 0;
  if (typeof item === 'bigint' && typeof value === 'number')
    return Number.isInteger(value) && item === BigInt(value);
  if (typeof item === 'number' && typeof value === 'bigint')
    return Number.isInteger(item) && value === BigInt(item);
  return item === value;
}
