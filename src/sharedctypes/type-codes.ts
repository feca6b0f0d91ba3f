// The types that shared values have: Python's codes with Python's sizes on Linux, and their JavaScript names. What values
// they take is scalars.ts; structs are struct-type.ts.

const typedArrays = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
  char: Uint8Array,
} as const;

const codes = {
  b: 'int8',
  B: 'uint8',
  h: 'int16',
  H: 'uint16',
  i: 'int32',
  I: 'uint32',
  l: 'int64',
  L: 'uint64',
  q: 'int64',
  Q: 'uint64',
  f: 'float32',
  d: 'float64',
  c: 'char',
} as const;

/** `'int32'`, `'float64'`, ... */
export type TypeName = keyof typeof typedArrays;
/** Python's: `'i'`, `'d'`, ... `l L q Q` are 64 bits, whose elements are `BigInt`s; `c` is a byte that stands for a character. */
export type TypeCode = keyof typeof codes | TypeName;

/** The name of the type that a code means. */
export type NameOf<Code extends TypeCode> = Code extends keyof typeof codes
  ? (typeof codes)[Code]
  : Code extends TypeName
    ? Code
    : never;

/** The typed array whose elements are of that type. */
export type TypedArrayOf<Code extends TypeCode> = InstanceType<(typeof typedArrays)[NameOf<Code>]>;

/** Its elements. */
export type ElementOf<Code extends TypeCode> =
  TypedArrayOf<Code> extends { [n: number]: infer Element } ? Element : never;

export type AnyTypedArray = InstanceType<(typeof typedArrays)[TypeName]>;

const typeNames = Object.keys(typedArrays) as TypeName[];

/** Undefined if it is none. */
export function typeNameOf(code: unknown): TypeName | undefined {
  if (typeof code !== 'string') return undefined;
  if (Object.hasOwn(codes, code)) return codes[code as keyof typeof codes];
  return Object.hasOwn(typedArrays, code) ? (code as TypeName) : undefined;
}

export function typedArrayOf(name: TypeName): (typeof typedArrays)[TypeName] {
  return typedArrays[name];
}

export function bytesOf(name: TypeName): number {
  return typedArrays[name].BYTES_PER_ELEMENT;
}

/** All that `typeNameOf` knows, for messages. */
export const knownCodes: readonly string[] = [...Object.keys(codes), ...typeNames];
