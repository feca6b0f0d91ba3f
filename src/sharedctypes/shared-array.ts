// SharedArray, which is Array as well, and RawArray: arrays whose memory all processes of the family see. Python:
// multiprocessing.Array. How their memory travels in messages is memory/shared-blocks.ts.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import type { ScalarArray } from './array-classes.js';
import { isLockable, type Lockable, type LockOptions, resolveLock } from './lockable.js';
import { allocateShape, assemble, shapeOf } from './shape.js';
import type { StructArray, StructInput } from './struct-shapes.js';
import { resolveType, type StructType } from './struct-type.js';
import type { ElementOf, NameOf, TypeCode } from './type-codes.js';
import type { ValueType } from './value.js';
import { listOf, writeInto } from './write.js';

/** Instances are typed arrays of the type's kind: index, iterate, give them to any library. Of a struct: an array of views. */
export type RawArray<Type extends ValueType = TypeCode> =
  Type extends StructType<infer Fields>
    ? StructArray<Fields>
    : Type extends TypeCode
      ? ScalarArray<Type>
      : never;

/** The same with a lock. */
export type SharedArray<Type extends ValueType = TypeCode> = RawArray<Type> & Lockable<RawArray<Type>>;

/** What it may begin as. */
export type ElementsOf<Type extends ValueType> =
  Type extends StructType<infer Fields>
    ? Iterable<StructInput<Fields>>
    : Type extends TypeCode
      ? Iterable<ElementOf<Type>> | (NameOf<Type> extends 'char' ? string : never)
      : never;

interface SharedArrayConstructor {
  /**
   * An array of `length` zeros, or of these values, in memory that every process sees to which it is sent. It is sent by
   * reference, with its lock, in arguments, results and inside of objects. `map`, `filter`, `slice` give private copies. Throws
   * `TypeError` or `RangeError` for what the type does not hold, `ResourceError` when shared memory is used up.
   */
  new <Type extends ValueType>(
    type: Type,
    lengthOrValues: number | ElementsOf<Type>,
    options: { readonly lock: false },
  ): RawArray<Type>;
  new <Type extends ValueType>(
    type: Type,
    lengthOrValues: number | ElementsOf<Type>,
    options?: LockOptions,
  ): SharedArray<Type>;
  readonly prototype: SharedArray;
}

interface RawArrayConstructor {
  /** As `SharedArray`, without a lock. */
  new <Type extends ValueType>(type: Type, lengthOrValues: number | ElementsOf<Type>): RawArray<Type>;
  readonly prototype: RawArray;
}

// `new SharedArray('d', n)` is a Float64Array: so the constructor returns an object of another class.
export const SharedArray = class SharedArray {
  constructor(type: ValueType, lengthOrValues: unknown, options?: LockOptions) {
    // biome-ignore lint/correctness/noConstructorReturn: see above
    return makeArray('new SharedArray', { type, lengthOrValues, options });
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return isArray(value) && isLockable(value);
  }
} as unknown as SharedArrayConstructor;

export const RawArray = class RawArray {
  constructor(type: ValueType, lengthOrValues: unknown) {
    // biome-ignore lint/correctness/noConstructorReturn: see above
    return makeArray('new RawArray', { type, lengthOrValues, options: { lock: false } });
  }

  /** Those with a lock are it as well. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return isArray(value);
  }
} as unknown as RawArrayConstructor;

interface ArrayArguments {
  readonly type: unknown;
  readonly lengthOrValues: unknown;
  readonly options: unknown;
}

function makeArray(method: string, { type, lengthOrValues, options }: ArrayArguments): object {
  const element = resolveType(method, type);
  const lock = resolveLock(method, options);
  const values = typeof lengthOrValues === 'number' ? undefined : valuesOf(method, element, lengthOrValues);
  const length = checkLength(method, values?.length ?? (lengthOrValues as number));
  const shape = allocateShape(element, length);
  if (values !== undefined) writeInto({ ...shape, method, label: 'values' }, values);
  return assemble(shape, lock);
}

function valuesOf(method: string, element: unknown, values: unknown): ArrayLike<unknown> {
  if (element === 'char' && typeof values === 'string') return values;
  if (typeof values === 'object' && values !== null && Symbol.iterator in values)
    return listOf(method, 'values', values);
  throw argumentTypeError(method, 'lengthOrValues', 'a number or an iterable of values', values);
}

function checkLength(method: string, length: number): number {
  if (Number.isSafeInteger(length) && length >= 1) return length;
  throw argumentRangeError(method, 'length', 'an integer of at least 1', length);
}

function isArray(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return shapeOf(value)?.length !== undefined;
}
