// The bytes of an encoded value: one tag, then what the tag calls for. Both sides of the codec read this page.
// How values are written is in encode-*.ts, how they are read in decode-*.ts.
//
//   0x00..0x3f  a tag below          0x40..0x7f  a latin1 string of 0..63 characters          0x80..0xff  0..127
//
// Numbers are little-endian; `n` is a varint (7 bits a byte, low ones first). Every object, array, date, ... takes the
// next identity number when its tag is written; Reference names such a number. A container deeper than kDeferDepth is
// written as Deferred + its own tag, and its body comes after the value that it is part of: so no depth overflows a stack.

export const Tag = {
  Undefined: 0x01,
  Null: 0x02,
  False: 0x03,
  True: 0x04,
  /** 4 bytes. */
  Int32: 0x05,
  /** 8 bytes. */
  Float64: 0x06,
  /** n, then n bytes. */
  Latin1: 0x07,
  /** n, then 2n bytes: code units, lone surrogates included. */
  Utf16: 0x08,
  /** (key value)* End; keys are strings. */
  Object: 0x09,
  /** n, n values or holes, then (key value)* End for the named properties. */
  Array: 0x0a,
  /** n, then 4n bytes. */
  Int32Array: 0x0b,
  /** n, then 8n bytes. */
  Float64Array: 0x0c,
  Hole: 0x0d,
  End: 0x0e,
  /** n: an identity number. */
  Reference: 0x0f,
  /** n: the length (at least kMinSparseLength), then (key value)* End. */
  SparseArray: 0x10,
  /** (key value)* End; keys are values. */
  Map: 0x11,
  /** value* End. */
  Set: 0x12,
  /** 8 bytes: the time as a float64, NaN for an invalid date. */
  Date: 0x13,
  /** Source and flags, two strings. */
  RegExp: 0x14,
  /** 8 bytes. */
  BigInt64: 0x15,
  /** A sign byte (1: negative), n, then n bytes of magnitude, lowest first. */
  BigInt: 0x16,
  /** A primitive value: a Boolean, Number, String or BigInt object. */
  Boxed: 0x17,
  /** A ByteKind, n, then n bytes. */
  Bytes: 0x18,
  /** A ByteKind and n: n bytes that lie in the next slab of the message. */
  SharedBytes: 0x19,
  /** maxByteLength, n, then n bytes: a resizable ArrayBuffer. */
  ResizableBuffer: 0x1a,
  /** See encode-error.ts. */
  Error: 0x1b,
  /** The extension's tag (string), then its plain value. */
  Extension: 0x1c,
  /** The class's name (string), then (key value)* End. */
  ClassFields: 0x1d,
  /** The class's name (string), then what its toWire gave. */
  ClassPayload: 0x1e,
  /** Followed by Object, Array, SparseArray, Map or Set (the tag alone). */
  Deferred: 0x1f,
  /** The next slab of the message is memory that both sides share from now on. */
  SharedBlock: 0x20,
} as const;

export const kShortString = 0x40;
export const kShortStringMax = 63;
export const kSmallInteger = 0x80;
export const kSmallIntegerMax = 127;

/** What the bytes of Bytes and SharedBytes are. New kinds go to the end. */
export const byteKinds = [
  'ArrayBuffer',
  'DataView',
  'Buffer',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
] as const;

/** Containers nested deeper than this inside one value are deferred. */
export const kDeferDepth = 200;
/** Nesting that cannot be deferred (errors, extensions, registered classes) and recursion of any input end here. */
export const kMaxDepth = 800;
/** Arrays shorter than this are written with a byte per hole, so that no few bytes can claim a large backing store. */
export const kMinSparseLength = 4096;
/** The most address space that the resizable buffers of one message may reserve together. */
export const kMaxResizableBytes = 2 ** 30;
/** The longest claimable length. */
export const kMaxLength = Number.MAX_SAFE_INTEGER;

/** What an Error's flags byte says. */
export const ErrorFlag = { Message: 1, Stack: 2, Name: 4, Cause: 8, Errors: 16 } as const;
/** Where an Error's class name is to be looked up. */
export const ErrorOrigin = { Builtin: 0, Forkyard: 1, DomException: 2, User: 3 } as const;
