// What lies where in the memory of a ShareableList, and what its values are as bytes: CPython's layout (Python 3.8 and
// later). All integers have eight bytes, little-endian:
//   length n | n + 1 offsets into the data | the data, a slot for each item | n formats, eight bytes each | n codes, a byte each
// Whatever is read may have been written by anybody.
import { argumentRangeError, argumentTypeError, ForkyardError } from '../errors.js';

/** What an item can be. Bytes are copied, in and out. */
export type ShareableValue = number | bigint | boolean | string | Uint8Array | null;

/** An item as bytes: how they are to be read (Python's `struct`), and what that becomes. */
export interface EncodedValue {
  readonly format: string;
  readonly code: number;
  readonly bytes: Uint8Array;
}

export const wordBytes = 8;
/** What the kind of a value is known by, beside its format. */
export const codes = { number: 0, string: 1, bytes: 2, null: 3 } as const;

const formats = { integer: 'q', float: 'd', boolean: 'xxxxxxx?', null: 'xxxxxx?x' } as const;
const booleanByte = 7;
// Its length must fit into the eight bytes of a format.
const maxSlotBytes = 9_999_992;
const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
// Made when it is needed: every process loads this file.
let decoder: InstanceType<typeof TextDecoder> | undefined;

/**
 * `isFloat`: whole numbers are written as floats too. The format of text and bytes is that of a new slot, which has room
 * for a zero at the end, as in Python.
 */
export function encodeValue(method: string, name: string, value: unknown, isFloat = false): EncodedValue {
  const word = (format: string, code: number, write: (view: DataView) => void): EncodedValue => {
    const view = new DataView(new ArrayBuffer(wordBytes));
    write(view);
    return { format, code, bytes: new Uint8Array(view.buffer) };
  };
  switch (typeof value) {
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) && !isFloat
        ? word(formats.integer, codes.number, (view) => view.setBigInt64(0, BigInt(value), true))
        : word(formats.float, codes.number, (view) => view.setFloat64(0, value, true));
    case 'bigint':
      if (value < int64Min || value > int64Max) {
        throw argumentRangeError(method, name, 'an integer of 64 bits', value);
      }
      return word(formats.integer, codes.number, (view) => view.setBigInt64(0, value, true));
    case 'boolean':
      return word(formats.boolean, codes.number, (view) => view.setUint8(booleanByte, Number(value)));
    case 'string': {
      const bytes = new TextEncoder().encode(value);
      if (decodeUtf8(bytes) === value) return text(method, name, value, bytes, codes.string);
      throw argumentRangeError(method, name, 'text without half a surrogate pair', value);
    }
    default:
      if (value === null) return word(formats.null, codes.null, () => {});
      if (value instanceof Uint8Array) return text(method, name, value, value.slice(), codes.bytes);
      throw argumentTypeError(method, name, 'a number, BigInt, boolean, string, Uint8Array or null', value);
  }
}

function text(method: string, name: string, value: unknown, bytes: Uint8Array, code: number): EncodedValue {
  if (bytes.at(-1) === 0) {
    const expected =
      'without a zero at the end, which Python does not keep (add a byte, or send the length beside it)';
    throw argumentRangeError(method, name, expected, value);
  }
  const slotBytes = wordBytes * (Math.floor(bytes.length / wordBytes) + 1);
  if (slotBytes > maxSlotBytes) {
    throw argumentRangeError(method, name, `at most ${maxSlotBytes - 1} bytes long`, value);
  }
  return { format: formatOfSlot(slotBytes), code, bytes };
}

/** Of text and bytes in a slot of this size. */
export function formatOfSlot(slotBytes: number): string {
  return `${slotBytes}s`;
}

export function isFloatFormat(format: string): boolean {
  return format === formats.float;
}

/** How many bytes of the slot a value of this format has; throws for what no list has. */
export function slotBytesOf(format: string): number {
  return format.endsWith('s') ? Number(format.slice(0, -1)) : wordBytes;
}

/** `slot` is all that the item may lie in. */
export function decodeValue(format: string, code: number, slot: Uint8Array): ShareableValue {
  const view = new DataView(slot.buffer, slot.byteOffset, slot.byteLength);
  if (slot.length >= wordBytes) {
    if (code === codes.null && format === formats.null) return null;
    if (code === codes.number && format === formats.float) return view.getFloat64(0, true);
    if (code === codes.number && format === formats.boolean) return slot[booleanByte] !== 0;
    if (code === codes.number && format === formats.integer) return narrowed(view.getBigInt64(0, true));
  }
  const isText = (code === codes.string || code === codes.bytes) && /^\d{1,7}s$/.test(format);
  const length = isText ? slotBytesOf(format) : Number.NaN;
  if (!(length <= slot.length))
    throw damaged(`an item has the format ${JSON.stringify(format)}, code ${code}`);
  const bytes = withoutEnd(slot.slice(0, length));
  if (code === codes.bytes) return bytes;
  try {
    return decodeUtf8(bytes);
  } catch {
    throw damaged(
      'the text of an item is not UTF-8 (CPython cuts text that is not ASCII short when it makes a list)',
    );
  }
}

/** For contents that cannot be those of a list. */
export function damaged(how: string): ForkyardError {
  return new ForkyardError(`ShareableList: ${how}: this memory is no list, or somebody wrote over it`, {
    code: 'ERR_FORKYARD_DAMAGED',
  });
}

/** Throws for what is none. */
function decodeUtf8(bytes: Uint8Array): string {
  decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return decoder.decode(bytes);
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

// Slots are filled up with zeros.
function withoutEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.slice(0, end);
}
